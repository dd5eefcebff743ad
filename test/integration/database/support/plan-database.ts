import { randomUUID } from 'node:crypto'
import { openPg, PgCommandStore, PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { expect } from 'vitest'
import { eventually } from '../../../support/processes.ts'
import { queryOnce } from '../../../support/query-once.ts'
import { testDatabase } from '../../../support/test-database.ts'
import { markedEvent } from '../../tenancy/support/two-tenants.ts'

const streams = 50_000
const eventsPerStream = 4
const tenants = 20

export const tables = ['events', 'streams', 'commands', 'snapshots', 'reservations'] as const

export interface Scans {
  readonly sequential: number
  /** Rows that sequential scans went over. */
  readonly rows: number
  readonly index: number
  /** Rows that index scans fetched. */
  readonly fetched: number
  /** Pages of the table's indexes that were looked at: a scan of a whole index fetches few rows and is an index scan all the same. */
  readonly pages: number
}

/** Each call of the stores that must not depend on how much is stored; often enough that PostgreSQL settles on its plans. */
export async function hotCalls(db: PgDatabase, prefix = 'old'): Promise<void> {
  const streamOf = (i: number) => ({ tenantId: `tenant-${i % tenants}`, aggregateType: 'thing', aggregateId: `${prefix}-${i}` })
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
    for (const order of ['newest-first', 'oldest-first'] as const) await store.query({ tenantId: stream.tenantId }, { order, limit: 50 })
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

/** A database of its own that can be filled, and what its tables meet while work is done. */
export async function planDatabase() {
  const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()

  /** A log of 200,000 events of 50,000 streams, and a receipt for each stream, written past the functions. */
  async function fill(): Promise<void> {
    for (const statement of [
      `insert into ${schema}.streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
       select 1000000 + i, 'tenant-' || i % ${tenants}, 'thing', 'old-' || i, ${eventsPerStream} from generate_series(1, ${streams}) i`,
      `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
       select 1000000 + (v - 1) * ${streams} + i, 1000000 + i, v, 1, now(), gen_random_uuid(), 'tenant-' || i % ${tenants}, 'thing', 'old-' || i,
              'thing.changed' || i % 10, '{"text": "about as long as a small event is"}', '{"correlationId": "c", "causationId": "c", "schemaVersion": 1}'
         from generate_series(1, ${eventsPerStream}) v, generate_series(1, ${streams}) i`,
      `insert into ${schema}.commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position)
       select 'tenant-' || i % ${tenants}, md5(i::text)::uuid, '\\xab', 'processed', null, null, 1000000 + i, 1, ${eventsPerStream}, 1000000 + i from generate_series(1, ${streams}) i`,
      `insert into ${schema}.snapshots (stream_id, tenant_id, version, schema_version, state)
       select 1000000 + i, 'tenant-' || i % ${tenants}, 2, 1, '{}' from generate_series(1, ${streams}) i`,
      `insert into ${schema}.reservations (tenant_id, scope, key) select 'tenant-' || i % ${tenants}, 'scope', i::text from generate_series(1, ${streams}) i`,
      `select setval('${schema}.event_positions', 2000000), setval('${schema}.stream_ids', 2000000)`,
    ]) {
      await queryOnce(url, statement)
    }
  }

  /** Scans of a table by all sessions that have ended: a session reports its own when it ends, at the latest. */
  async function scans(table: string): Promise<Scans> {
    const [row] = await queryOnce<{ counters: [number, number, number, number, number] }>(
      url,
      `select array[seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, idx_blks_read + idx_blks_hit]::float8[] as counters
         from pg_stat_user_tables join pg_statio_user_tables using (relid) where relid = $1::regclass`,
      [`${schema}.${table}`],
    )
    const [sequential, rows, index, fetched, pages] = row?.counters ?? [0, 0, 0, 0, 0]
    return { sequential, rows, index, fetched, pages }
  }

  const counted = async () => [
    await scans('events'),
    await scans('streams'),
    await scans('commands'),
    await scans('snapshots'),
    await scans('reservations'),
  ]

  /** What a piece of work added, on connections of its own. */
  async function scansOf(work: (db: PgDatabase) => Promise<void>): Promise<Readonly<Record<(typeof tables)[number], Scans>>> {
    const before = await counted()
    const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
    await work(db)
    await db.close()
    const sessions = `select 1 from pg_stat_activity where datname = current_database() and usename in ($1, $2)`
    const logins = [appUrl, workerUrl].map((address) => new URL(address).username)
    expect(await eventually(async () => (await queryOnce(url, sessions, logins)).length === 0)).toBe(true)
    const after = await counted()
    const difference = (i: number): Scans => {
      const [was, is] = [before[i], after[i]]
      if (was === undefined || is === undefined) throw new Error('A table was not counted.')
      return {
        sequential: is.sequential - was.sequential,
        rows: is.rows - was.rows,
        index: is.index - was.index,
        fetched: is.fetched - was.fetched,
        pages: is.pages - was.pages,
      }
    }
    return { events: difference(0), streams: difference(1), commands: difference(2), snapshots: difference(3), reservations: difference(4) }
  }

  // Autovacuum would analyse when it likes, and what it does to the BRIN index of the commands counts as sequential scans.
  for (const table of tables) await queryOnce(url, `alter table ${schema}.${table} set (autovacuum_enabled = false)`)

  return { url, fill, scansOf }
}
