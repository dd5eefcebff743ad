import type { DeclaredProjection, Drift, DriftOptions, PhysicalTable } from '@cairn/core'
import { sqlStateOf } from '../connection/sql-state.ts'
import { applyReadAccess, storeModel } from './apply-read-access.ts'
import { assertReplaceable, findDependents } from './dependents.ts'
import { findDrift, type FoundDrift } from './find-drift.ts'
import { lockProjection, type GenerationRow } from './generation-rows.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'
import { withViewLocks } from './switch-with-retries.ts'
import { addColumn, commentOnView, createIndex, createView, forgetStatistics, viewColumns } from './table-ddl.ts'

/** Repairs what can be repaired in place, table by table, each in one transaction. */
export async function repairDrift(
  session: OwnerSession,
  declared: readonly DeclaredProjection[],
  options: DriftOptions,
): Promise<readonly Drift[]> {
  const repaired: Drift[] = []
  for (const { generation, table, drifts } of byTable(await findDrift(session, declared, options))) {
    await withViewLocks(session, generation.projection, [table.name, table.model.name], {}, async () => {
      await lockProjection(session, generation.projection)
      await repairTable(session, generation, table, drifts)
    })
    repaired.push(...drifts)
  }
  return repaired
}

interface TableRepair {
  readonly generation: GenerationRow
  readonly table: PhysicalTable
  readonly drifts: readonly Drift[]
}

function byTable(found: readonly FoundDrift[]): readonly TableRepair[] {
  const repairs = new Map<string, { generation: GenerationRow; table: PhysicalTable; drifts: Drift[] }>()
  for (const { drift, on } of found) {
    if (on === undefined || drift.remedy !== 'repair') continue
    const entry = repairs.get(on.table.name) ?? { ...on, drifts: [] }
    entry.drifts.push(drift)
    repairs.set(on.table.name, entry)
  }
  return [...repairs.values()]
}

async function repairTable(
  session: OwnerSession,
  generation: GenerationRow,
  table: PhysicalTable,
  drifts: readonly Drift[],
): Promise<void> {
  const has = (kind: Drift['kind']): boolean => drifts.some((drift) => drift.kind === kind)
  const added = table.model.columns.filter(({ name }) => drifts.some((drift) => drift.kind === 'missing-column' && drift.column === name))
  const indexes = table.model.indexes.filter((columns) =>
    drifts.some((drift) => drift.kind === 'missing-index' && drift.expected === ['tenant_id', ...columns].join(', ')),
  )
  await session.run(added.map((column) => addColumn(table, column)))
  await session.run(indexes.map((columns) => createIndex(table, columns)))
  if (added.length > 0) await session.run([forgetStatistics(table)])
  if (has('policy')) await applyReadAccess(session, generation, table)
  if (has('missing-view')) await remakeView(session, generation, table)
  await session.query('select grant_read_models($1)', [generation.projection])
  // What a column is said to be, and who may read, are what the code says now.
  await storeModel(session, generation, table)
}

/**
 * Replaced in place where no column of it goes: those that are there stay in their order, others come behind them, and what
 * depends on it stays. Else it is dropped and made anew.
 */
async function remakeView(session: OwnerSession, generation: GenerationRow, table: PhysicalTable): Promise<void> {
  const { name } = table.model
  const wanted = viewColumns(table.model)
  const present = await session.query<{ name: string }>(
    `select a.attname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = $1::regnamespace and c.relkind = 'v' and c.relname = $2 order by a.attnum`,
    [session.schema, name],
  )
  const columns = present.map((column) => column.name)
  const missing = wanted.filter((column) => !columns.includes(column))
  if (columns.length > 0 && columns.every((column) => wanted.includes(column))) {
    const replace = createView(table, [...columns, ...missing]).replace('create view', 'create or replace view')
    if (await tryTo(session, [replace, commentOnView(table, generation)])) return
  }
  if (columns.length > 0) {
    assertReplaceable(generation.projection, await findDependents(session, [name]), false)
    await session.run([`drop view ${identifier(name)}`])
  }
  await session.run([createView(table), commentOnView(table, generation)])
}

/** False where PostgreSQL refuses the change of a view's columns (42P16); the transaction then stands as before. */
async function tryTo(session: OwnerSession, statements: readonly string[]): Promise<boolean> {
  await session.query('savepoint replacing')
  try {
    await session.run(statements)
    return true
  } catch (error) {
    if (sqlStateOf(error) !== '42P16') throw error
    await session.query('rollback to savepoint replacing')
    return false
  }
}
