import { uuidv7 } from '@cairn/core'
import { PgEventStore, PgLogReader, PgSubscriptionStore, sql, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { rawStatement } from '../database/support/raw-statement.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'
import { backgrounds, connectionOf } from './pg-subscription-stores.ts'
import { longLeaseMs, memberOf, newSpec, stop, takeOne } from './support.ts'

const { database, open, bySql, asRows } = await backgrounds()
let db: PgDatabase
let store: PgSubscriptionStore
let reader: PgLogReader

beforeAll(async () => {
  db = await open({ workerPoolSize: 2, acquireTimeoutMs: 5_000 })
  store = new PgSubscriptionStore(db)
  reader = new PgLogReader(db)
})

afterAll(() => db.close())

test('with two connections, reads and heartbeats go on while every commit that can be open is open', async () => {
  const specs = [newSpec('projection'), newSpec('projection'), newSpec(), newSpec(), newSpec()]
  const leases = await Promise.all(specs.map((spec) => takeOne(store, spec)))
  const held = stop()
  const commits = leases.map((lease, i) =>
    store.commit(lease, { checkpoint: 9 }, async (tx) => {
      await (i < 2 ? asRows : bySql).write(tx, uuidv7())
      await held.here()
    }),
  )
  await Promise.race([held.reached, ...commits])
  for (let round = 0; round < 3; round++) {
    const beats = specs.map((spec, i) => store.heartbeat(memberOf(spec), leases.slice(i, i + 1), longLeaseMs))
    await Promise.all([reader.read({ after: 0, limit: 10 }), reader.head(), store.list()])
    expect((await Promise.all(beats)).map(({ renewed }) => renewed.length)).toEqual([1, 1, 1, 1, 1])
  }
  held.letGo()
  await Promise.all(commits)
  expect((await Promise.all(specs.map(({ key }) => store.get(key)))).map((status) => status?.partitions[0]?.checkpoint)).toEqual([
    9, 9, 9, 9, 9,
  ])
})

test('with two connections, commits may use everything else while they are open', async () => {
  const events = new PgEventStore(db)
  const specs = Array.from({ length: 6 }, (_, i) => newSpec(i % 2 === 0 ? 'projection' : 'subscription'))
  const leases = await Promise.all(specs.map((spec) => takeOne(store, spec)))
  await Promise.all(
    leases.map((lease, i) =>
      store.commit(lease, { checkpoint: 9 }, async () => {
        await events.append({
          stream: { tenantId: 'alpha', aggregateType: 'thing', aggregateId: uuidv7() },
          expected: 0,
          events: [markedEvent('x')],
        })
        await reader.read({ after: 0, limit: 10 })
        await store.get(specs[i]?.key ?? lease.key)
      }),
    ),
  )
  await events.drained()
  const checkpoints = (await store.list())
    .filter(({ key }) => specs.some((spec) => spec.key.name === key.name))
    .map(({ partitions }) => partitions[0]?.checkpoint)
  expect(checkpoints).toEqual(specs.map(() => 9))
})

test('fewer than two connections are refused', async () => {
  await expect(open({ workerPoolSize: 1 })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', details: { field: 'workerPoolSize' } })
})

test('a handler’s SQL leaves nothing behind on its connection, and its failure costs none', async () => {
  const spec = newSpec()
  const lease = await takeOne(store, spec)
  const found: unknown[] = []
  const commits = Array.from(
    { length: 8 },
    (_, round) => () =>
      store.commit(lease, { checkpoint: round }, async (tx) => {
        const connection = connectionOf(tx)
        const { rows } = await connection.query(sql.unsafe`select pg_backend_pid() as pid, current_setting('work_mem') as memory`)
        found.push(...rows)
        await connection.query(sql.unsafe`set work_mem = '123kB'`)
        if (round % 2 === 1) throw new Error('the handler says no')
      }),
  )
  for (const [round, commit] of commits.entries()) {
    const done = await commit().then(
      () => 'committed',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    )
    expect(done).toBe(round % 2 === 1 ? 'the handler says no' : 'committed')
  }
  expect(found).toHaveLength(8)
  expect(found).not.toContainEqual(expect.objectContaining({ memory: '123kB' }))
  // The pool's two connections, one of which is reset while the other serves.
  expect(new Set(found.map((row) => JSON.stringify(row))).size).toBeLessThanOrEqual(2)
})

test('the worker’s own SQL cannot move a checkpoint, take a lease or unpark an event', async () => {
  const spec = newSpec()
  const lease = await takeOne(store, spec)
  const { schema } = database
  for (const statement of [
    `update ${schema}.subscription_partitions set checkpoint = 99`,
    `update ${schema}.subscription_leases set owner = 'me'`,
    `delete from ${schema}.parked_events`,
    `delete from ${schema}.subscriptions`,
    `insert into ${schema}.log_identity (id) values (gen_random_uuid())`,
  ]) {
    const commit = store.commit(lease, { checkpoint: 9 }, async (tx) => {
      await connectionOf(tx).query(rawStatement(statement))
    })
    await expect(commit).rejects.toMatchObject({ code: '42501' })
  }
  expect(await queryOnce(database.url, `select 1 from ${schema}.subscription_partitions where checkpoint = 99`)).toEqual([])
})
