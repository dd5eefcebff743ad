import { openPg, PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const limits = { acquireTimeoutMs: 600, queryTimeoutMs: 3_000, holdTimeoutMs: 800, retryForMs: 500 }
const db: PgDatabase = await openPg({ url: appUrl, workerUrl, schema, contextKey, ...limits })
const store = new PgEventStore(db)
const streamOf = (aggregateId: string) => ({ tenantId: 'alpha', aggregateType: 'thing', aggregateId })
const append = (id: string) => store.append({ stream: streamOf(id), expected: 'any', events: [markedEvent('x')] })

afterAll(() => db.close())

interface Ending {
  readonly code: unknown
  readonly retryable: unknown
  readonly afterMs: number
}

/** How a call ends that is made while a table is locked. */
async function endingOf(call: Promise<unknown>): Promise<Ending> {
  const started = performance.now()
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const { code = 'none', retryable } = (error ?? {}) as { code?: unknown; retryable?: unknown }
  return { code, retryable, afterMs: performance.now() - started }
}

async function lockTable(): Promise<() => Promise<void>> {
  const locker = await AppSession.open(url)
  await locker.rows('begin')
  await locker.rows(`lock table ${schema}.events in access exclusive mode`)
  return async () => {
    await locker.rows('rollback')
    await locker.close()
  }
}

const waitingSessions = async (): Promise<number> =>
  (await queryOnce(url, `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length

test('loads behind two batches that a lock holds up fail in bounded time, and come through when it is gone', async () => {
  // The two are held up for as long as it takes to look, on a machine that does other things besides.
  const patient = await openPg({ url: appUrl, workerUrl, schema, contextKey, ...limits, queryTimeoutMs: 15_000, holdTimeoutMs: 15_000 })
  onTestFinished(() => patient.close())
  const loading = new PgEventStore(patient)
  await append('loads')
  const unlock = await lockTable()
  const first = [endingOf(loading.load(streamOf('loads')))]
  expect(await eventually(async () => (await waitingSessions()) === 1)).toBe(true)
  first.push(endingOf(loading.load(streamOf('loads'))))
  expect(await eventually(async () => (await waitingSessions()) === 2)).toBe(true)
  const behind = await Promise.all(Array.from({ length: 50 }, () => endingOf(loading.load(streamOf('loads')))))
  for (const ending of behind) expect(ending).toMatchObject({ code: 'CAIRN_POOL_EXHAUSTED', retryable: true })
  expect(Math.max(...behind.map(({ afterMs }) => afterMs))).toBeLessThan(10_000)
  for (const ending of await Promise.all(first)) expect(ending).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
  await unlock()
  expect(await loading.load(streamOf('loads'))).toMatchObject({ version: 1 })
})

test('appends that a lock holds up fail in bounded time, and nothing of them is stored', async () => {
  await append('appends')
  const unlock = await lockTable()
  const endings = await Promise.all(Array.from({ length: 50 }, (_, i) => endingOf(append(`held-${i}`))))
  await unlock()
  for (const ending of endings) expect(ending).toMatchObject({ code: expect.stringMatching(/^CAIRN_/), retryable: true })
  expect(Math.max(...endings.map(({ afterMs }) => afterMs))).toBeLessThan(25_000)
  await store.drained()
  expect(await queryOnce(url, `select 1 from ${schema}.events where aggregate_id like 'held-%'`)).toEqual([])
  expect(await append('appends')).toMatchObject({ version: 2 })
})

test('a long queue that moves is not given up, although this process is busy with making it', async () => {
  const acquireTimeoutMs = 1_000
  const impatient = await openPg({ url: appUrl, workerUrl, schema, contextKey, acquireTimeoutMs })
  const busy = new PgEventStore(impatient)
  const appends = Array.from({ length: 80_000 }, (_, i) =>
    endingOf(busy.append({ stream: streamOf(`long-${i}`), expected: 0, events: [markedEvent('x')] })),
  )
  const endings = await Promise.all(appends)
  await busy.drained()
  await impatient.close()
  expect(new Set(endings.map(({ code }) => code))).toEqual(new Set(['none']))
  // Else the test has shown nothing.
  expect(endings.reduce((longest, { afterMs }) => Math.max(longest, afterMs), 0)).toBeGreaterThan(acquireTimeoutMs)
})
