import { PgLogReader, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { Random } from '../../stress/support/random.ts'
import { backgrounds } from './pg-subscription-stores.ts'

const { database, open } = await backgrounds()
const { url, schema } = database
const start = Date.parse('2026-03-01T00:00:00Z')
const minute = 60_000
let db: PgDatabase

interface Placed {
  readonly position: number
  readonly at: number
}

beforeAll(async () => {
  db = await open()
})
afterAll(() => db.close())

/** A log of these events, written past the functions. */
async function givenLog(events: readonly Placed[]): Promise<void> {
  await queryOnce(url, `alter table ${schema}.events disable trigger all`)
  await queryOnce(url, `delete from ${schema}.events`)
  await queryOnce(
    url,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
     select p, p, 1, 1, to_timestamp(t / 1000.0), gen_random_uuid(), 'alpha', 'thing', 't', 'thing.changed', '{}', '{}' from unnest($1::bigint[], $2::bigint[]) x(p, t)`,
    [events.map(({ position }) => position), events.map(({ at }) => at)],
  )
  await queryOnce(url, `alter table ${schema}.events enable trigger all`)
  await queryOnce(url, `select setval('${schema}.event_positions', $1)`, [events.at(-1)?.position ?? 1])
}

/** Everything that was recorded at the time or later is read, and as little else as there is. */
function exact(events: readonly Placed[], time: number): number {
  const first = events.find(({ at }) => at >= time)
  return first === undefined ? (events.at(-1)?.position ?? 0) : first.position - 1
}

test.each([11, 12, 13, 14])('is exact where transactions of up to an hour record events late (seed %s)', async (seed) => {
  const random = new Random(seed)
  let position = 0
  let clock = start
  const events = Array.from({ length: 400 }, (): Placed => {
    position += 1 + random.between(0, 4)
    clock += random.between(0, 3 * minute)
    // A transaction's events carry the time of its beginning.
    const late = random.chance(0.25) ? random.between(0, 59 * minute) : 0
    return { position, at: clock - late }
  })
  await givenLog(events)
  const reader = new PgLogReader(db)
  for (let round = 0; round < 60; round++) {
    const time = start - 10 * minute + random.between(0, clock - start + 20 * minute)
    expect([time, await reader.positionAt(new Date(time))]).toEqual([time, exact(events, time)])
  }
  for (const { at } of [events[0], events.at(-1)].filter((event) => event !== undefined)) {
    expect([at, await reader.positionAt(new Date(at))]).toEqual([at, exact(events, at)])
  }
})

test('is the beginning of a log that is empty', async () => {
  await givenLog([])
  await queryOnce(url, `select setval('${schema}.event_positions', 1, false)`)
  expect(await new PgLogReader(db).positionAt(new Date(start))).toBe(0)
})

test('looks at few events of a long log', async () => {
  await queryOnce(url, `alter table ${schema}.events disable trigger all`)
  await queryOnce(
    url,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
     select i, i, 1, 1, to_timestamp($1 / 1000.0) + i * interval '10 seconds', gen_random_uuid(), 'alpha', 'thing', 't', 'thing.changed', '{}', '{}' from generate_series(1, 50000) i`,
    [start],
  )
  await queryOnce(url, `alter table ${schema}.events enable trigger all`)
  await queryOnce(url, `select setval('${schema}.event_positions', 50000)`)
  const [row] = await queryOnce<{ at: string; fetched: string }>(
    url,
    `with asked as materialized (select ${schema}.position_at(to_timestamp($1 / 1000.0) + interval '250000 seconds') as at)
     select at, pg_stat_get_xact_tuples_fetched($2::regclass) + pg_stat_get_xact_tuples_returned($2::regclass) as fetched from asked`,
    [start, `${schema}.events`],
  )
  expect(Number(row?.at)).toBe(24_999)
  // An hour's events, and the steps of the search.
  expect(Number(row?.fetched)).toBeLessThan(1_500)
})
