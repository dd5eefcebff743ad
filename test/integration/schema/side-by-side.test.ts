import { migrate, openPg, PgEventStore, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { createLogins } from '../../support/test-logins.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'
import { freshDatabase, freshSchema } from './support/schema-names.ts'

const url = await freshDatabase()
const [left, right] = [await prepare(url), await prepare(url)]
/** The same schema name, and so the same roles, in another database of the server. */
const elsewhere = await (async () => {
  const otherUrl = await freshDatabase()
  const { contextKey } = await migrate({ url: otherUrl, schema: left.schema })
  return { url: otherUrl, contextKey, appUrl: Object.assign(new URL(left.appUrl), { pathname: new URL(otherUrl).pathname }).href }
})()

async function prepare(at: string) {
  const schema = freshSchema()
  const { contextKey } = await migrate({ url: at, schema })
  const { logins, drop } = await createLogins(at, schema)
  const addressOf = (login: keyof typeof logins): string =>
    Object.assign(new URL(at), { username: logins[login].user, password: logins[login].password }).href
  return { schema, contextKey, appUrl: addressOf('app'), workerUrl: addressOf('worker'), drop }
}

const opened: PgDatabase[] = []
afterAll(async () => {
  for (const db of opened) await db.close()
  for (const { drop } of [left, right]) await drop()
})

async function open(side: typeof left): Promise<{ readonly db: PgDatabase; readonly store: PgEventStore }> {
  const { schema, contextKey, appUrl, workerUrl } = side
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  opened.push(db)
  return { db, store: new PgEventStore(db) }
}

const stream = { tenantId: 'alpha', aggregateType: 'thing', aggregateId: '1' }

test('two schemas of one database have keys, numbers and rows of their own', async () => {
  expect(left.contextKey).not.toBe(right.contextKey)
  const [a, b] = [await open(left), await open(right)]
  await Promise.all(
    [1, 2, 3].map((n) => a.store.append({ stream: { ...stream, aggregateId: `${n}` }, expected: 0, events: [markedEvent('left')] })),
  )
  await b.store.append({ stream, expected: 0, events: [markedEvent('right')] })
  expect((await a.store.readAll()).events.map(({ type, position }) => [type, position])).toEqual([1, 2, 3].map((n) => ['left.happened', n]))
  expect((await b.store.readAll()).events.map(({ type, position }) => [type, position])).toEqual([['right.happened', 1]])
  await a.store.drained()
  await b.store.drained()
})

test('one schema’s login has no business in the other', async () => {
  const session = await AppSession.open(left.appUrl)
  for (const statement of [
    `select * from ${right.schema}.events`,
    `select ${right.schema}.tenants()`,
    `select ${right.schema}.enter_context('{}', '')`,
    `set role ${right.schema}_app`,
    `set role ${right.schema}_worker`,
  ]) {
    expect({ statement, state: await session.try(statement) }).toEqual({ statement, state: '42501' })
  }
  await session.close()
})

test('a context that is signed for one opens nothing in the other, even to a login of both', async () => {
  const { db } = await open(left)
  const context = db.signer.sign(['alpha'])
  await queryOnce(url, `grant ${right.schema}_app to ${new URL(left.appUrl).username}`)
  const session = await AppSession.open(left.appUrl)
  await session.rows('begin')
  await session.rows(`select ${left.schema}.enter_context($1, $2)`, [context.text, context.signature])
  expect(await session.rows(`select * from ${right.schema}.events`)).toEqual([])
  expect(await session.rows(`select * from ${left.schema}.events`)).not.toEqual([])
  expect(await session.try(`select ${right.schema}.enter_context($1, $2)`, [context.text, context.signature])).toBe('ZC001')
  await session.close()
  await queryOnce(url, `revoke ${right.schema}_app from ${new URL(left.appUrl).username}`)
})

test('a context that is signed for one database opens nothing in another of the same roles, and the boot says so', async () => {
  const { db } = await open(left)
  const context = db.signer.sign(['alpha'])
  const session = await AppSession.open(elsewhere.appUrl)
  expect(await session.try(`select ${left.schema}.enter_context($1, $2)`, [context.text, context.signature])).toBe('ZC001')
  await session.close()
  const wrongKey = openPg({ url: elsewhere.appUrl, schema: left.schema, contextKey: left.contextKey })
  await expect(wrongKey).rejects.toMatchObject({ code: 'CAIRN_CONTEXT_REFUSED' })
})

test('a transaction that appends in both keeps both readers from what it holds, and nobody else', async () => {
  const [a, b] = [await open(left), await open(right)]
  const both = await AppSession.open(url)
  await both.rows('begin')
  for (const side of [a, b]) {
    const { text, signature } = side.db.signer.sign(['alpha'])
    await both.rows(
      `select * from ${side.db.schema}.append_one($1, $2, 'alpha', 'thing', 'both', 0, 1000, '{}', '{}', '{}', '{}', '{}',
         array[gen_random_uuid()], '{in.both}', '{}', '{}', null, null, null)`,
      [text, signature],
    )
  }
  const before = [await a.store.readAll(), await b.store.readAll()]
  for (const { store } of [a, b])
    await store.append({ stream: { ...stream, aggregateId: 'behind' }, expected: 0, events: [markedEvent('behind')] })
  for (const [i, { store }] of [a, b].entries()) expect((await store.readAll({ after: before[i]?.next ?? 0 })).events).toEqual([])
  await both.rows('commit')
  await both.close()
  for (const [i, { store }] of [a, b].entries()) {
    const { events } = await store.readAll({ after: before[i]?.next ?? 0 })
    expect(events.map(({ type }) => type)).toEqual(['in.both', 'behind.happened'])
    await store.drained()
  }
})

test('one schema can be dropped, and the other goes on', async () => {
  const { db, store } = await open(right)
  await queryOnce(url, `drop schema ${left.schema} cascade`)
  await store.append({ stream: { ...stream, aggregateId: 'after' }, expected: 0, events: [markedEvent('right')] })
  expect(await withTenant(db, 'alpha', () => Promise.resolve('served'))).toBe('served')
  await store.drained()
  await expect(open(left)).rejects.toMatchObject({ code: 'CAIRN_SCHEMA_VERSION' })
})
