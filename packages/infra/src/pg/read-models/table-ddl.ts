import { createHash } from 'node:crypto'
import { InvalidInputError, type ColumnModel, type Generation, type PhysicalTable, type TableModel } from '@cairn/core'
import { codecOf } from './column-codec.ts'
import { partitionColumn, positionColumn, tenantColumn } from './hidden-columns.ts'
import { identifier, identifiers, literal } from './quote.ts'

/** PostgreSQL cuts longer names off. */
const longestName = 63
/** Rows are updated in place while their page has room and no indexed column changes. */
const fillFactor = 90

/** @throws InvalidInputError when PostgreSQL would cut the name */
export function physicalName(table: string, version: number, generation: number): string {
  const name = `${table}__v${version}_g${generation}`
  if (Buffer.byteLength(`${name}_pkey`) <= longestName) return name
  throw new InvalidInputError('table', `Table "${table}" needs a shorter name: ${name} is too long for PostgreSQL.`, { table })
}

const physicalPattern = /^(.+)__v(\d+)_g(\d+)$/

/** The parts of a physical table's name; undefined for any other name. */
export function parsePhysicalName(
  name: string,
): { readonly table: string; readonly version: number; readonly generation: number } | undefined {
  const [, table, version, generation] = physicalPattern.exec(name) ?? []
  return table === undefined ? undefined : { table, version: Number(version), generation: Number(generation) }
}

/** Named after what it indexes, so that the same columns have the same name in every generation. */
export function indexName(physical: string, columns: readonly string[]): string {
  const hash = createHash('sha256').update(columns.join('\0')).digest('hex').slice(0, 8)
  return `${physical.slice(0, longestName - hash.length - 1)}_${hash}`
}

export function createTable({ name, model }: PhysicalTable): string {
  return `create table ${identifier(name)} (
  ${tenantColumn} text collate "C" not null,
  ${model.columns.map((column) => columnDefinition(model, column)).join(',\n  ')},
  ${positionColumn} bigint not null,
  ${partitionColumn} smallint not null,
  primary key (${identifiers([tenantColumn, ...model.key])})
) with (fillfactor = ${fillFactor})`
}

export function addColumn(table: PhysicalTable, column: ColumnModel): string {
  return `alter table ${identifier(table.name)} add column ${columnDefinition(table.model, column)}`
}

export function columnDefinition({ key }: TableModel, column: ColumnModel): string {
  const { type } = codecOf(column)
  // Keys are compared byte by byte: the same order on every system, and no index that a new libc makes unsound.
  const collation = column.kind === 'text' && key.includes(column.name) ? ' collate "C"' : ''
  const fallback = column.default === undefined || column.default === null ? '' : ` default ${defaultLiteral(column)}`
  return `${identifier(column.name)} ${type}${collation}${column.nullable ? '' : ' not null'}${fallback}`
}

function defaultLiteral(column: ColumnModel): string {
  const text = column.kind === 'json' ? JSON.stringify(column.default) : String(column.default)
  return `${literal(text)}::${codecOf(column).type}`
}

export function createIndex({ name }: PhysicalTable, columns: readonly string[]): string {
  return `create index ${identifier(indexName(name, columns))} on ${identifier(name)} (${identifiers([tenantColumn, ...columns])})`
}

/**
 * No samples of any column: they would go into the planner's estimates, which EXPLAIN tells every tenant (see
 * db/policies/tenant-isolation.sql). Reads go by the key or an index behind the tenant and need none of them.
 */
export function forgetStatistics({ name, model }: PhysicalTable): string {
  const columns = [tenantColumn, ...model.columns.map((column) => column.name), positionColumn, partitionColumn]
  return `alter table ${identifier(name)} ${columns.map((column) => `alter column ${identifier(column)} set statistics 0`).join(', ')}`
}

type Named = Pick<Generation, 'projection' | 'version' | 'generation'>

export function commentOnTable({ name }: PhysicalTable, { projection, version, generation }: Named): string {
  return `comment on table ${identifier(name)} is ${literal(
    `Projection ${projection}, version ${version}, generation ${generation}. Written by its subscription alone.`,
  )}`
}

/** Everything that a new physical table needs but policies and grants. */
export function makeTable(table: PhysicalTable, of: Named): readonly string[] {
  return [
    createTable(table),
    ...table.model.indexes.map((columns) => createIndex(table, columns)),
    forgetStatistics(table),
    commentOnTable(table, of),
  ]
}

/** Columns of the view: what readers may name. */
export function viewColumns({ columns }: TableModel): readonly string[] {
  return [tenantColumn, ...columns.map((column) => column.name)]
}

export function createView({ name, model }: PhysicalTable, columns: readonly string[] = viewColumns(model)): string {
  return `create view ${identifier(model.name)} with (security_invoker = true) as
select ${identifiers(columns)} from ${identifier(name)}`
}

export function commentOnView({ name, model }: PhysicalTable, { projection, version, generation }: Named): string {
  return `comment on view ${identifier(model.name)} is ${literal(
    `Read model of projection ${projection}: shows ${name} (version ${version}, generation ${generation}).`,
  )}`
}
