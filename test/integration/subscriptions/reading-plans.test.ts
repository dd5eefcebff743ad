import { migrate } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, schema } = await testDatabase()
const size = 120_000

beforeAll(async () => {
  // Never analysed: a plan that goes by statistics would be wrong here.
  await queryOnce(url, `alter table ${schema}.events set (autovacuum_enabled = false)`)
  await queryOnce(
    url,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
     select i, i, 1, 1, now(), gen_random_uuid(), 'tenant-' || i % 5, 'thing', 't', case when i % 10000 = 0 then 'thing.rare' else 'thing.usual' end, '{}', '{}'
       from generate_series(1, ${size}) i`,
  )
  await queryOnce(url, `select setval('${schema}.event_positions', ${size})`)
})

interface Page {
  readonly next: number
  readonly positions: readonly number[]
  /** Rows and index entries that were looked at. */
  readonly touched: number
}

async function read(after: number, limit: number, types: readonly string[] | null, tenant: string | null = null): Promise<Page> {
  const [row] = await queryOnce<{ next: string; positions: string | null; touched: string }>(
    url,
    `with page as materialized (select next, positions from ${schema}.read_log_page($1, null, $2, $3, $4, 50000, false))
     select next, positions, pg_stat_get_xact_tuples_fetched($5::regclass) + pg_stat_get_xact_tuples_returned($5::regclass) as touched from page`,
    [after, limit, types, tenant, `${schema}.events`],
  )
  return {
    next: Number(row?.next),
    positions: row?.positions?.split(',').map(Number) ?? [],
    touched: Number(row?.touched),
  }
}

test('a page goes over its events and no others', async () => {
  for (const after of [0, 60_000, size - 500]) {
    const page = await read(after, 500, null)
    expect(page).toMatchObject({ next: after + 500, touched: expect.toSatisfy((rows: number) => rows < 2_000) as unknown })
    expect(page.positions).toHaveLength(500)
  }
})

test('a filter that lets little pass goes over one window, and the next read over the next', async () => {
  const nothing = await read(0, 500, ['thing.never'])
  expect(nothing).toMatchObject({ next: 50_000, positions: [] })
  expect(nothing.touched).toBeLessThan(51_000)
  expect(await read(50_000, 500, ['thing.rare'])).toMatchObject({ next: 100_000, positions: [60_000, 70_000, 80_000, 90_000, 100_000] })
  expect(await read(100_000, 500, null, 'nobody')).toMatchObject({ next: size, positions: [] })
})

describe('with the index by type', () => {
  beforeAll(async () => {
    await migrate({ url, schema, indexes: ['events-by-type'] })
  })

  test('rare types are found at once, over the whole log', async () => {
    const rare = await read(0, 500, ['thing.rare', 'thing.never'])
    expect(rare).toMatchObject({ next: size, positions: Array.from({ length: 12 }, (_, i) => 10_000 * (i + 1)) })
    expect(rare.touched).toBeLessThan(5_000)
    expect(await read(15_000, 2, ['thing.rare'])).toMatchObject({ next: 30_000, positions: [20_000, 30_000] })
    expect(await read(0, 500, ['thing.never'])).toMatchObject({ next: size, positions: [] })
  })

  test('types that are not rare are read from the log itself', async () => {
    const usual = await read(9_990, 20, ['thing.usual', 'thing.rare'])
    expect(usual.positions).toEqual(Array.from({ length: 20 }, (_, i) => 9_991 + i))
    expect(usual.touched).toBeLessThan(5_000)
  })
})
