import { randomBytes } from 'node:crypto'
import { createDatabase, type TestDatabase } from '@cairn/testing/services'
import { afterAll } from 'vitest'
import { queryOnce } from '../../../support/query-once.ts'
import { testServer } from '../../../support/test-server.ts'

const schemas: string[] = []
const databases: TestDatabase[] = []

afterAll(async () => {
  for (const database of databases) await database.drop()
  const roles = schemas.flatMap((name) => ['owner', 'app', 'worker', 'maintenance'].map((role) => `${name}_${role}`))
  for (const role of roles) await queryOnce(testServer().url, `drop role if exists ${role}`)
})

/** A schema name that no other test uses: its roles belong to the whole server. They go when the file's tests are done. */
export function freshSchema(): string {
  const name = `schema_${randomBytes(4).toString('hex')}`
  schemas.push(name)
  return name
}

/** An empty database, likewise; may be asked for inside a test. Returns its address as superuser. */
export async function freshDatabase(): Promise<string> {
  const database = await createDatabase(testServer().url)
  databases.push(database)
  return database.url
}
