import { uuidv7 } from '@cairn/core'
import { openPg, PgEventStore } from '@cairn/infra/pg'
import { startTcpProxy } from '@cairn/testing/services'
import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()

const event = () => ({
  id: uuidv7(),
  type: 'order.noted',
  payload: {},
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
})

it('gives up on a stream that stays held, says so, stores nothing, and lets the next append through', async () => {
  const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, holdTimeoutMs: 300 })
  const store = new PgEventStore(database)
  const stream = { tenantId: 't', aggregateType: 'order', aggregateId: 'held' }
  await store.append({ stream, expected: 0, events: [event()] })

  const holder = new Client({ connectionString: url })
  await holder.connect()
  await holder.query('begin')
  await holder.query(`select from ${schema}.streams where aggregate_id = 'held' for update`)
  await expect(store.append({ stream, expected: 1, events: [event()] })).rejects.toMatchObject({
    name: 'StreamBusyError',
    code: 'CAIRN_STREAM_BUSY',
    retryable: true,
  })
  await holder.query('rollback')
  await holder.end()

  expect(await store.append({ stream, expected: 1, events: [event()] })).toMatchObject({ version: 2 })
  await store.drained()
  await database.close()
})

it('gives up on a whole line of appends when the time of a single one is over', async () => {
  const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, holdTimeoutMs: 1_500 })
  const store = new PgEventStore(database)
  const stream = { tenantId: 't', aggregateType: 'order', aggregateId: 'line' }
  const append = () => store.append({ stream, expected: 'any', events: [event()] })
  await append()
  const holder = new Client({ connectionString: url })
  try {
    await holder.connect()
    await holder.query('begin')
    await holder.query(`select from ${schema}.streams where aggregate_id = 'line' for update`)
    const started = performance.now()
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, append))
    // 30 seconds, if each waited for itself.
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(outcomes).toEqual(outcomes.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'CAIRN_STREAM_BUSY' }) })))
    // One that comes now has all of its time.
    const late = append().catch((error: unknown) => error)
    await holder.query('select pg_sleep(0.5)')
    await holder.query('rollback')
    expect(await late).toMatchObject({ version: 2 })
  } finally {
    await holder.end()
    await store.drained()
    await database.close()
  }
})

it('lets an append wait for a held stream that has waited long before, for another that went through', async () => {
  const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, holdTimeoutMs: 1_000 })
  const store = new PgEventStore(database)
  const stream = { tenantId: 't', aggregateType: 'order', aggregateId: 'slow' }
  await store.append({ stream, expected: 0, events: [event()] })
  await queryOnce(
    url,
    `create or replace function public.take_longer() returns trigger language plpgsql as $$begin perform pg_catalog.pg_sleep(2); return new; end$$`,
  )
  await queryOnce(
    url,
    `create trigger take_longer before insert on ${schema}.events
       for each row when (new.type = 'order.longer') execute function public.take_longer()`,
  )
  const waits = async (what: string): Promise<boolean> =>
    eventually(async () => {
      const found = await queryOnce(url, `select from pg_stat_activity where datname = current_database() and ${what}`)
      return found.length > 0
    })
  const holder = new Client({ connectionString: url })
  try {
    await holder.connect()
    await holder.query('begin')
    const longer = store.append({ stream, expected: 1, events: [{ ...event(), type: 'order.longer' }] })
    const behind = store.append({ stream, expected: 2, events: [event()] })
    const outcome = behind.then(
      ({ version }) => version,
      (error: unknown) => error,
    )
    expect(await waits(`wait_event = 'PgSleep'`)).toBe(true)
    await holder.query(`select from ${schema}.streams where aggregate_id = 'slow' for update`)
    expect((await longer).version).toBe(2)
    expect(await waits(`wait_event_type = 'Lock'`)).toBe(true)
    await holder.query('rollback')
    expect(await outcome).toBe(3)
  } finally {
    await holder.end()
    await queryOnce(url, `drop trigger take_longer on ${schema}.events`)
    await store.drained()
    await database.close()
  }
})

it('lets an append with inline projections through while more streams are held than there are connections to wait on', async () => {
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey, acquireTimeoutMs: 4_000, holdTimeoutMs: 20_000 })
  const types = new Set(['order.noted'])
  const store = new PgEventStore(db, { types, write: () => Promise.resolve() })
  const streams = ['h1', 'h2', 'h3', 'h4', 'h5', 'free'].map((aggregateId) => ({ tenantId: 't', aggregateType: 'order', aggregateId }))
  for (const stream of streams) await store.append({ stream, expected: 0, events: [event()] })
  const holder = new Client({ connectionString: url })
  await holder.connect()
  await holder.query('begin')
  await holder.query(`select from ${schema}.streams where aggregate_id like 'h_' for update`)
  const held = Promise.all(streams.slice(0, 5).map((stream) => store.append({ stream, expected: 1, events: [event()] })))
  const [free] = streams.slice(5)
  if (free === undefined) throw new Error('There is no free stream.')
  expect(await store.append({ stream: free, expected: 1, events: [event()] })).toMatchObject({ version: 2 })
  await holder.query('rollback')
  await holder.end()
  expect((await held).map(({ version }) => version)).toEqual([2, 2, 2, 2, 2])
  await store.drained()
  await db.close()
})

it.each([
  ['an append', undefined],
  ['an append with inline projections', { types: new Set(['order.slow']), write: () => Promise.resolve() }],
])('does not say that %s stored nothing, whose answer was lost and which holds the stream yet', async (_, inline) => {
  const { hostname, port } = new URL(appUrl)
  const proxy = await startTcpProxy(Number(port), hostname)
  onTestFinished(() => proxy.stop())
  const db = await openPg({ url: proxy.through(appUrl), workerUrl, schema, contextKey, holdTimeoutMs: 600 })
  onTestFinished(() => db.close())
  const store = new PgEventStore(db, inline)
  const stream = { tenantId: 't', aggregateType: 'order', aggregateId: inline === undefined ? 'lost' : 'lost-inline' }
  await store.append({ stream, expected: 0, events: [event()] })

  // A COMMIT that takes its time, as one that waits for a standby does.
  await queryOnce(
    url,
    `create or replace function public.take_time() returns trigger language plpgsql as $$begin perform pg_catalog.pg_sleep(6); return null; end$$`,
  )
  await queryOnce(
    url,
    `create constraint trigger take_time after insert on ${schema}.events deferrable initially deferred
       for each row when (new.type = 'order.slow') execute function public.take_time()`,
  )
  onTestFinished(async () => void (await queryOnce(url, `drop trigger take_time on ${schema}.events`)))
  const outcome = store.append({ stream, expected: 1, events: [{ ...event(), type: 'order.slow' }] }).catch((error: unknown) => error)
  const sleeping = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
  expect(await eventually(async () => (await queryOnce(url, sleeping)).length > 0)).toBe(true)
  proxy.cutNow()
  expect(await outcome).toMatchObject({
    code: 'CAIRN_DATABASE_UNAVAILABLE',
    retryable: true,
    message: expect.not.stringContaining('Nothing was stored'),
  })
  // It took effect after all.
  expect(await eventually(async () => (await store.load(stream)).version === 2)).toBe(true)
  await store.drained()
})
