import type { PhysicalTable, RowWrites } from '@cairn/core'
import { PgReadModels, PooledRowStore, sql, withTenant } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'

const { database, db, store, ask } = await projections()
const { schema } = database
const rows = new PooledRowStore(db)

const model = tableModel(
  'plans',
  [
    column('id', 'text'),
    column('customer', 'text'),
    column('total', 'numeric', { precision: 12, scale: 2 }),
    column('placed_at', 'timestamp'),
  ],
  ['id'],
  {
    indexes: [['customer'], ['placed_at']],
    readAccess: { staff: { rule: { rows: 'all' }, hidden: [] }, customer: { rule: { rows: 'own', column: 'customer' }, hidden: [] } },
  },
)
const declared = { name: 'plans', version: 1, tables: [model] }
let table: PhysicalTable

const rowsOf = (tenantId: string, count: number): RowWrites['upserts'] =>
  Array.from({ length: count }, (_, i) => ({
    tenantId,
    key: [`row-${i}`],
    values: { id: `row-${i}`, customer: `customer-${i % 500}`, total: i, placed_at: new Date(1_700_000_000_000 + i * 1_000).toISOString() },
    position: 1,
    partition: 0,
  }))

interface Scans {
  readonly sequential: number
  readonly index: number
}

/** How often the table was scanned from end to end, and looked up by an index, while work was done. */
async function scansOf(work: () => Promise<unknown>): Promise<Scans> {
  const before = await scansSoFar()
  await work()
  let after = await scansSoFar()
  // A session of the pool that was not asked tells it a little later.
  for (let tries = 0; tries < 50 && after.index === before.index && after.sequential === before.sequential; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    after = await scansSoFar()
  }
  return { sequential: after.sequential - before.sequential, index: after.index - before.index }
}

async function scansSoFar(): Promise<Scans> {
  // A session tells what it counted when it has been idle for a while, and at once on request.
  for (const pool of [db.pools.worker, db.pools.read, db.pools.user]) {
    await pool.query(sql.unsafe`select pg_stat_force_next_flush()`)
    await pool.query(sql.unsafe`select 1`)
  }
  const [row] = await ask(
    `select seq_scan::int as sequential, idx_scan::int as index from pg_stat_user_tables where schemaname = $1 and relname = $2`,
    [schema, table.name],
  )
  return { sequential: Number(row?.['sequential']), index: Number(row?.['index']) }
}

beforeAll(async () => {
  const [first] = (await store.ensure(planOf('plans', [model]))).tables
  if (first === undefined) throw new TypeError('no table')
  table = first
  // The worst start: statistics of an empty table, and statements that were planned on it. Autovacuum would look at it at any moment.
  await ask(`alter table ${schema}.${table.name} set (autovacuum_enabled = off)`)
  await ask(`analyze ${schema}.${table.name}`)
  await rows.load(table, rowsOf('alpha', 3))
  await rows.write(table, { upserts: rowsOf('alpha', 20_000), deletes: [] })
  await rows.write(table, { upserts: rowsOf('bravo', 20_000), deletes: [] })
})

describe('rows are looked up, and the table is never scanned,', () => {
  test('when they are loaded', async () => {
    for (const count of [1, 100, 5_000]) {
      const scans = await scansOf(() => rows.load(table, rowsOf('alpha', count)))
      expect({ count, scans }).toEqual({ count, scans: { sequential: 0, index: count } })
    }
  })

  test('when they are upserted', async () => {
    const later = rowsOf('alpha', 5_000).map((row) => ({ ...row, position: 2 }))
    const scans = await scansOf(() => rows.write(table, { upserts: later, deletes: [] }))
    expect(scans.sequential).toBe(0)
    expect(scans.index).toBeGreaterThanOrEqual(5_000)
  })

  test('when they are deleted', async () => {
    const deletes = rowsOf('alpha', 20_000)
      .slice(15_000)
      .map(({ tenantId, key, partition }) => ({ tenantId, key, partition, position: 3 }))
    expect(await scansOf(() => rows.write(table, { upserts: [], deletes }))).toEqual({ sequential: 0, index: 5_000 })
    expect(await rows.load(table, deletes.slice(0, 1))).toEqual([undefined])
  })

  test('when writes are refused', async () => {
    const early = rowsOf('alpha', 100).map((row) => ({ ...row, position: 1 }))
    const scans = await scansOf(() => rows.write(table, { upserts: early, deletes: [] }).catch(() => undefined))
    expect(scans.sequential).toBe(0)
    expect(scans.index).toBeGreaterThanOrEqual(100)
  })
})

describe('readers', () => {
  const models = new PgReadModels(db, [declared])
  const staff = { tenantId: 'bravo', role: 'staff' }
  const questions: Readonly<Record<string, () => Promise<unknown>>> = {
    'by key': () => models.get(staff, 'plans', 'row-7'),
    'page by key': () => models.find(staff, 'plans', { limit: 50 }),
    'page by an indexed column': () => models.find(staff, 'plans', { where: { customer: 'customer-7' } }),
    'page in an indexed order': () => models.find(staff, 'plans', { orderBy: ['-placed_at', '-id'], limit: 50 }),
    'their own rows': () => models.find({ tenantId: 'bravo', role: 'customer', userId: 'customer-9' }, 'plans'),
    'by SQL of their own': () =>
      withTenant(
        db,
        'bravo',
        (connection) =>
          connection.any(sql.type(z.object({ id: z.string() }))`
            select id from ${sql.identifier([schema, 'plans'])} where tenant_id = 'bravo' and customer = 'customer-3'`),
        { role: 'staff' },
      ),
  }
  test.each(Object.entries(questions))('ask %s by an index', async (_, ask_) => {
    await ask_()
    const scans = await scansOf(ask_)
    expect(scans.sequential).toBe(0)
    expect(scans.index).toBeGreaterThan(0)
  })

  test.each(['bravo', 'charlie'])(
    'go on behind a page, of %s, without reading what lies before it or all that follows',
    async (tenantId) => {
      // Of charlie's rows statistics were taken when they were few, so all of them look soonest collected, and then sorted.
      if (tenantId === 'charlie') {
        await rows.write(table, { upserts: rowsOf('charlie', 300), deletes: [] })
        await ask(`analyze ${schema}.${table.name}`)
        await rows.write(table, { upserts: rowsOf('charlie', 20_000).slice(300), deletes: [] })
      }
      const reader = { tenantId, role: 'staff' }
      let after: string | undefined
      for (let page = 0; page < 100; page++) after = (await models.find(reader, 'plans', { limit: 100, after })).next
      const before = await touched()
      const times = 100
      for (let n = 0; n < times; n++) await models.find(reader, 'plans', { limit: 100, after })
      // Sessions that were not asked tell later what they read, the tests' before this one too: some tens of thousands. Were what lies
      // before or behind the page read each time, it would be a million.
      await expect.poll(async () => (await touched()) - before).toBeGreaterThanOrEqual(times * 100)
      expect((await touched()) - before).toBeLessThan(times * 3_000)
    },
  )

  /** Rows that were fetched from the table, all told. */
  async function touched(): Promise<number> {
    await db.pools.read.query(sql.unsafe`select pg_stat_force_next_flush()`)
    await db.pools.read.query(sql.unsafe`select 1`)
    const [row] = await ask(
      `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_user_tables where schemaname = $1 and relname = $2`,
      [schema, table.name],
    )
    return Number(row?.['n'])
  }
})
