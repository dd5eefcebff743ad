import { migrate, openPg, PgLogReader } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testServer } from '../../support/test-server.ts'

// Outside of the test file's database: a copy needs that nobody is connected to what is copied.
const server = testServer()
const endings: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of endings.toReversed()) await end()
})

async function databaseFrom(template?: string): Promise<{ readonly url: string; readonly name: string }> {
  const made = await createDatabase(server.url, template === undefined ? {} : { template })
  endings.push(() => made.drop())
  return made
}

async function logIdOf(url: string): Promise<string> {
  const [row] = await queryOnce<{ id: string }>(url, `select ${server.schema}.log_id()::text as id`)
  return row?.id ?? ''
}

test('a log keeps its id, and every copy of it is another log', async () => {
  const original = await databaseFrom(server.template)
  const id = await logIdOf(original.url)
  expect(await logIdOf(original.url)).toBe(id)
  const copy = await databaseFrom(original.name)
  expect(await queryOnce(copy.url, `select id from ${server.schema}.log_identity`)).toEqual(
    await queryOnce(original.url, `select id from ${server.schema}.log_identity`),
  )
  expect(await logIdOf(copy.url)).not.toBe(id)
  expect(await logIdOf(original.url)).toBe(id)
})

test('a new schema is a log of its own, and migrating again leaves it so', async () => {
  const other = `${server.schema}_other`
  // Ends after the database, which is what they own.
  endings.push(async () => {
    for (const role of ['app', 'worker', 'maintenance', 'owner']) await queryOnce(server.url, `drop role if exists ${other}_${role}`)
  })
  const database = await databaseFrom()
  for (const schema of [server.schema, other, server.schema]) await migrate({ url: database.url, schema })
  const ids = await queryOnce<{ id: string }>(
    database.url,
    `select ${server.schema}.log_id()::text as id union all select ${other}.log_id()::text`,
  )
  expect(new Set(ids.map(({ id }) => id)).size).toBe(2)
  const before = await logIdOf(database.url)
  await migrate({ url: database.url, schema: server.schema })
  expect(await logIdOf(database.url)).toBe(before)
})

test('the worker reads it by itself', async () => {
  const { url } = await databaseFrom(server.template)
  const login = (name: 'app' | 'worker'): string => {
    const { user: username, password } = server.logins[name]
    return Object.assign(new URL(url), { username, password }).href
  }
  const { schema, contextKey } = server
  const db = await openPg({ url: login('app'), workerUrl: login('worker'), schema, contextKey })
  expect(await new PgLogReader(db).logId()).toBe(await logIdOf(url))
  await db.close()
})
