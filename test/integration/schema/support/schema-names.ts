import { randomBytes } from 'node:crypto'
import { afterAll } from 'vitest'
import { queryOnce } from '../../../support/query-once.ts'
import { testServer } from '../../../support/test-server.ts'

const used: string[] = []

/** A schema name that no other test uses: its roles belong to the whole server. They go with the file's databases. */
export function freshSchema(prefix = 'schema'): string {
  const name = `${prefix}_${randomBytes(4).toString('hex')}`
  if (used.push(name) === 1) afterAll(dropRoles)
  return name
}

async function dropRoles(): Promise<void> {
  const roles = used.flatMap((name) => ['owner', 'app', 'worker', 'maintenance'].map((role) => `${name}_${role}`))
  for (const role of roles) await queryOnce(testServer().url, `drop role if exists ${role}`)
}
