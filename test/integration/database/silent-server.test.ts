import { randomUUID } from 'node:crypto'
import { openPg, PgEventStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { startTcpProxy } from '@cairn/testing/services'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const { port, hostname } = new URL(appUrl)
const proxy = await startTcpProxy(Number(port), hostname)
const tenantId = 'alpha'
const streamOf = (aggregateId: string) => ({ tenantId, aggregateType: 'thing', aggregateId })
const limits = { queryTimeoutMs: 2_000, holdTimeoutMs: 1_500, retryForMs: 1_500, acquireTimeoutMs: 6_000 }
/** A try on the batch's connection, one on a connection that may wait for a stream, one that cannot connect, and the closing. */
const boundMs = 28_000

let db: PgDatabase
let store: PgEventStore

beforeEach(async () => {
  db = await openPg({ url: proxy.through(appUrl), workerUrl: proxy.through(workerUrl), schema, contextKey, ...limits })
  store = new PgEventStore(db)
})

afterEach(async () => {
  await store.drained()
  await db.close()
})

afterAll(() => proxy.stop())

const command = () => ({ id: randomUUID(), hash: 'ab'.repeat(32) })
const versionsOf = async (id: string): Promise<readonly number[]> => {
  const rows = await queryOnce<{ version: number }>(
    url,
    `select version::int from ${schema}.events where aggregate_id = $1 order by position`,
    [id],
  )
  return rows.map(({ version }) => version)
}

const calls = (): Readonly<Record<string, () => Promise<unknown>>> => ({
  'an append': () => store.append({ stream: streamOf('silent'), expected: 'any', events: [markedEvent('x')] }),
  'a load': () => store.load(streamOf('silent')),
  'the log': () => store.readAll(),
  'a query': () => store.query({ tenantId }),
  'a transaction': () =>
    store.transaction(tenantId, async (tx) => tx.append({ stream: streamOf('silent-tx'), expected: 'any', events: [markedEvent('x')] })),
  'users’ SQL': () => withTenant(db, tenantId, (connection) => connection.query(sql.unsafe`select 1`)),
})

test('a server that falls silent without closing anything is a lost database, in bounded time, for every call', async () => {
  await Promise.all(Object.values(calls()).map((call) => call()))
  proxy.freeze()
  const started = performance.now()
  const outcomes = await Promise.all(
    Object.entries(calls()).map(async ([what, call]) => {
      const code = await call().then(
        () => 'none',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : String(error)),
      )
      return { what, code, inTime: performance.now() - started < boundMs }
    }),
  )
  proxy.thaw()
  expect(outcomes).toEqual(Object.keys(calls()).map((what) => ({ what, code: 'CAIRN_DATABASE_UNAVAILABLE', inTime: true })))
  await Promise.all(Object.values(calls()).map((call) => call()))
})

test('an append whose answer is swallowed is found again by its receipt: once, whole, and told as the first', async () => {
  await store.append({ stream: streamOf('swallowed'), expected: 0, events: [markedEvent('x')] })
  const request = { stream: streamOf('swallowed'), expected: 1, events: [markedEvent('x'), markedEvent('x')], command: command() } as const
  // The server gets the append and stores it; on the connections that are open now nothing ever comes back.
  proxy.swallowAnswers()
  const answer = store.append(request)
  expect(await eventually(async () => (await versionsOf('swallowed')).length === 3)).toBe(true)
  expect(await answer).toMatchObject({ version: 3 })
  expect(await versionsOf('swallowed')).toEqual([1, 2, 3])
  proxy.thaw()
})

test('a statement of a user’s own may take longer than the limit while the server answers others', async () => {
  const slept = await withTenant(db, tenantId, (connection) => connection.query(sql.unsafe`select pg_sleep(4)`))
  expect(slept.rowCount).toBe(1)
})

test('a call that is given up is cancelled in the server, and leaves no session behind that waits', async () => {
  await store.append({ stream: streamOf('locked'), expected: 0, events: [markedEvent('x')] })
  const locker = await AppSession.open(url)
  await locker.rows(`begin`)
  await locker.rows(`lock table ${schema}.events in access exclusive mode`)
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  const load = store.load(streamOf('locked')).catch((error: unknown) => error)
  expect(await eventually(async () => (await queryOnce(url, waiting)).length > 0)).toBe(true)
  expect(await load).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
  expect(await eventually(async () => (await queryOnce(url, waiting)).length === 0)).toBe(true)
  await locker.rows('rollback')
  await locker.close()
  expect(await store.load(streamOf('locked'))).toMatchObject({ version: 1 })
})
