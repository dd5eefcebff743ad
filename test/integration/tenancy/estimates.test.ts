import { randomUUID } from 'node:crypto'
import { openPg, PgCommandStore, PgEventStore } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'
import { AppSession } from './support/app-session.ts'
import { alpha, bravo, markedEvent, markOf } from './support/two-tenants.ts'

/** Types whose values say something about a tenant, and whose comparisons PostgreSQL lets the planner try on its samples. */
const telling = ['text', 'uuid', 'bytea', 'jsonb']

/** Enough rows of both tenants that a sample of them is a sample. */
async function fill({ appUrl, workerUrl, schema, contextKey }: TestFileDatabase): Promise<void> {
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  const store = new PgEventStore(db)
  const commands = new PgCommandStore(db)
  await Promise.all(
    [alpha, bravo].flatMap((tenantId) =>
      Array.from({ length: 200 }, async (_, i) => {
        const mark = markOf(tenantId)
        const stream = { tenantId, aggregateType: `${mark}-type`, aggregateId: `${mark}-${i % 100}` }
        await store.append({ stream, expected: 'any', events: [markedEvent(mark)] })
        const metadata = { correlationId: mark, causationId: mark, schemaVersion: 1 }
        await commands.upsert({ ...stream, id: randomUUID(), type: `${mark}.change`, payload: { mark }, metadata })
        await store.transaction(tenantId, (tx) => tx.reserve(mark, `${mark}-${i}@example.org`))
      }),
    ),
  )
  await store.drained()
  await db.close()
}

/** Holds one of four words that everybody knows; its partial index tells how many commands wait, of all tenants together. */
const common = ['commands.status']

interface Column {
  readonly table: string
  readonly column: string
  readonly type: string
  /** What bravo has in it most often; null when it has nothing. */
  readonly value: string | null
}

/** Every column that could tell something, with a value of the victim's. */
async function tellingColumns({ url, schema }: TestFileDatabase): Promise<readonly Column[]> {
  const columns = await queryOnce<Omit<Column, 'value'> & Record<string, unknown>>(
    url,
    `select c.relname::text as table, a.attname::text as column, format_type(a.atttypid, null) as type
       from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = $1::regnamespace and c.relkind = 'r' and c.relrowsecurity and a.attnum > 0 and format_type(a.atttypid, null) = any ($2)
      order by 1, 2`,
    [schema, telling],
  )
  return Promise.all(
    columns.map(async ({ table, column, type }) => {
      const [row] = await queryOnce<{ value: string | null }>(
        url,
        `select "${column}"::text as value from ${schema}.${table} where tenant_id = $1 group by 1 order by count(*) desc limit 1`,
        [bravo],
      )
      return { table, column, type, value: row?.value ?? null }
    }),
  )
}

/** What the planner says about rows below a value and equal to it, to a session of the attacker's. */
async function estimates(session: AppSession, schema: string, { table, column, type, value }: Column): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (const operator of ['=', '<', '>=']) {
    const rows = await session.rows(
      `explain (format json) select 1 from ${schema}.${table} where "${column}" ${operator} '${value}'::${type}`,
    )
    found.push(
      JSON.stringify(rows)
        .replaceAll(String(value), '')
        .match(/"(Total Cost|Plan Rows)":[\d.]+/g),
    )
  }
  return found
}

/** Values like those that somebody has, and that nobody has, on both sides. */
const nobodys: Readonly<Record<string, readonly string[]>> = {
  text: ['', 'a nobody', '~~~'],
  uuid: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  bytea: [String.raw`\x`, String.raw`\xffff`],
  jsonb: ['{}', '{"nobody": 1}'],
}

async function tells(database: TestFileDatabase, column: Column): Promise<boolean> {
  const session = await AppSession.open(database.appUrl)
  const about = await estimates(session, database.schema, column)
  let differs = false
  for (const value of nobodys[column.type] ?? []) {
    if (JSON.stringify(await estimates(session, database.schema, { ...column, value })) !== JSON.stringify(about)) differs = true
  }
  await session.close()
  return differs
}

const guarded = await testDatabase()
const sampled = await testDatabase()
const columns: Column[] = []

beforeAll(async () => {
  for (const database of [guarded, sampled]) await fill(database)
  columns.push(
    ...(await tellingColumns(guarded)).filter(({ table, column, value }) => value !== null && !common.includes(`${table}.${column}`)),
  )
  for (const { table, column } of columns)
    await queryOnce(sampled.url, `alter table ${sampled.schema}.${table} alter column "${column}" set statistics 100`)
  for (const { url } of [guarded, sampled]) await queryOnce(url, 'analyze')
})

describe('what EXPLAIN estimates', () => {
  test('is the same for what another tenant has and for what nobody has, in every column', async () => {
    expect(columns.length).toBeGreaterThan(15)
    for (const column of columns) expect({ column, tells: await tells(guarded, column) }).toEqual({ column, tells: false })
  })

  test('tells them apart where PostgreSQL may keep samples of the columns (the control)', async () => {
    const told = []
    for (const column of columns) if (await tells(sampled, column)) told.push(`${column.table}.${column.column}`)
    expect(told).toEqual(
      expect.arrayContaining(['events.tenant_id', 'events.user_id', 'events.aggregate_id', 'streams.aggregate_id', 'reservations.key']),
    )
  })
})
