import { randomUUID } from 'node:crypto'
import { openPg, PgCommandStore, PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const streams = 50_000
const eventsPerStream = 4
const tenants = 20

/** A log of 200,000 events of 50,000 streams, and a receipt for each stream, written past the functions. */
async function fill(): Promise<void> {
  for (const statement of [
    `insert into ${schema}.streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
     select 1000000 + i, 'tenant-' || i % ${tenants}, 'thing', 'old-' || i, ${eventsPerStream} from generate_series(1, ${streams}) i`,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
     select 1000000 + (v - 1) * ${streams} + i, 1000000 + i, v, 1, now(), gen_random_uuid(), 'tenant-' || i % ${tenants}, 'thing', 'old-' || i,
            'thing.changed' || i % 10, '{"text": "about as long as a small event is"}', '{"correlationId": "c", "causationId": "c", "schemaVersion": 1}'
       from generate_series(1, ${eventsPerStream}) v, generate_series(1, ${streams}) i`,
    `insert into ${schema}.commands (tenant_id, id, hash, stream_id, first_version, version, position)
     select 'tenant-' || i % ${tenants}, md5(i::text)::uuid, '\\xab', 1000000 + i, 1, ${eventsPerStream}, 1000000 + i from generate_series(1, ${streams}) i`,
    `insert into ${schema}.snapshots (stream_id, tenant_id, version, schema_version, state)
     select 1000000 + i, 'tenant-' || i % ${tenants}, 2, 1, '{}' from generate_series(1, ${streams}) i`,
    `select setval('${schema}.event_positions', 2000000), setval('${schema}.stream_ids', 2000000)`,
  ]) {
    await queryOnce(url, statement)
  }
}

const streamOf = (i: number) => ({ tenantId: `tenant-${i % tenants}`, aggregateType: 'thing', aggregateId: `old-${i}` })

/** Each call of the stores that must not depend on how much is stored; often enough that PostgreSQL settles on its plans. */
async function hotCalls(db: PgDatabase): Promise<void> {
  const store = new PgEventStore(db)
  const commands = new PgCommandStore(db)
  for (let round = 1; round <= 12; round++) {
    const stream = streamOf(round)
    const fresh = { ...stream, aggregateId: randomUUID() }
    const command = { id: randomUUID(), hash: 'ab'.repeat(32) }
    await store.append({ stream: fresh, expected: 0, events: [markedEvent('x')], command })
    await store.append({ stream: fresh, expected: 0, events: [markedEvent('x')], command })
    await store.append({
      stream: fresh,
      expected: 1,
      events: [markedEvent('x'), markedEvent('x')],
      snapshot: { version: 3, schemaVersion: 1, state: {} },
    })
    const append = (i: number) =>
      store.append({ stream: streamOf(i), expected: 'any', events: [markedEvent('x')], command: { ...command, id: randomUUID() } })
    await Promise.all(Array.from({ length: 40 }, (_, i) => append(round * 100 + i)))
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        store.append({ stream: { ...fresh, aggregateId: `${fresh.aggregateId}-${i}` }, expected: 0, events: [markedEvent('x')] }),
      ),
    )
    await store.load(stream)
    await Promise.all(Array.from({ length: 40 }, (_, i) => store.load(streamOf(round * 100 + i))))
    await store.load(stream, { useSnapshot: false })
    await Array.fromAsync(store.readStream(stream))
    for (const after of [0, 1_000_000, 1_100_000, 1_199_000, 2_000_000]) await store.readAll({ after, limit: 500 })
    await store.readAll({ after: 1_100_000, limit: 100, types: ['thing.changed1', 'thing.changed2'] })
    await store.readAll({ after: 1_100_000, limit: 100, tenantId: stream.tenantId })
    await store.resultOf(fresh.tenantId, command)
    await store.existsAll([stream, fresh])
    await store.transaction(stream.tenantId, async (tx) => {
      await tx.load(stream)
      await tx.resultOf(command)
      await tx.reserve('scope', fresh.aggregateId)
      tx.append({ stream: fresh, expected: 3, events: [markedEvent('x')] })
      await tx.release('scope', fresh.aggregateId)
    })
    await store.close(fresh)
    const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
    const id = randomUUID()
    await commands.upsert({ ...stream, id, type: 'thing.change', payload: {}, metadata })
    await commands.claim(stream.tenantId, 10)
    await commands.markStatus(stream.tenantId, id, { status: 'processed' })
    await commands.getById(stream.tenantId, id)
    await commands.delete(stream.tenantId, id)
  }
  await store.drained()
}

const tables = ['events', 'streams', 'commands', 'snapshots', 'reservations']

interface Scans {
  readonly sequential: number
  /** Rows that sequential scans went over. */
  readonly rows: number
  readonly index: number
}

/** Scans so far of sessions that have ended: a session reports its own when it ends. */
async function scans(): Promise<Readonly<Record<string, Scans>>> {
  const rows = await queryOnce<{ name: string; sequential: string; rows: string; index: string }>(
    url,
    `select relname::text as name, seq_scan as sequential, seq_tup_read as rows, idx_scan as index from pg_stat_user_tables where schemaname = $1`,
    [schema],
  )
  return Object.fromEntries(
    rows.map(({ name, sequential, rows: read, index }) => [
      name,
      { sequential: Number(sequential), rows: Number(read), index: Number(index) },
    ]),
  )
}

/** What a piece of work added, on connections of its own. */
async function scansOf(work: (db: PgDatabase) => Promise<void>): Promise<Readonly<Record<string, Scans>>> {
  const before = await scans()
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  await work(db)
  await db.close()
  await queryOnce(url, `select pg_stat_clear_snapshot()`)
  const after = await scans()
  return Object.fromEntries(
    tables.map((table) => {
      const [was, is] = [before[table], after[table]]
      return [
        table,
        {
          sequential: (is?.sequential ?? 0) - (was?.sequential ?? 0),
          rows: (is?.rows ?? 0) - (was?.rows ?? 0),
          index: (is?.index ?? 0) - (was?.index ?? 0),
        },
      ]
    }),
  )
}

/** Scans of a table that grew under the plan: a table that is small may be scanned, one that is large never. */
const fewRows = 5_000

test('plans made while the tables were empty do not scan them when they are full', async () => {
  const found = await scansOf(async (db) => {
    await hotCalls(db)
    await fill()
    await hotCalls(db)
  })
  for (const table of tables)
    expect({ table, rows: found[table]?.rows }).toEqual({ table, rows: expect.toSatisfy((rows: number) => rows < fewRows) })
  expect(found['events']?.index).toBeGreaterThan(100)
})

describe.each(['never analysed', 'analysed'])('on 200,000 events of 50,000 streams, %s,', (state) => {
  beforeAll(async () => {
    await queryOnce(url, state === 'analysed' ? `analyze` : `select 1`)
  })

  test('appends, loads, readers, receipts and commands use indexes and scan no table', async () => {
    const found = await scansOf(hotCalls)
    expect(Object.fromEntries(tables.map((table) => [table, found[table]?.sequential]))).toEqual(
      Object.fromEntries(tables.map((table) => [table, 0])),
    )
    for (const table of tables)
      expect({ table, index: found[table]?.index }).toEqual({ table, index: expect.toSatisfy((index: number) => index > 10) })
  })
})

test('a scan would be seen (the control): counting a tenant’s events goes over all of them', async () => {
  const found = await scansOf(async (db) => {
    const store = new PgEventStore(db)
    expect((await store.countByType('tenant-1')).length).toBeGreaterThan(0)
  })
  expect(found['events']?.sequential).toBeGreaterThan(0)
  expect(found['events']?.rows).toBeGreaterThan(100_000)
})
