import { DefinitionError } from '../../errors/domain.ts'
import { nearest } from '../../registry/nearest.ts'
import { columnCodec } from '../columns/column-codec.ts'
import type { ColumnLike } from '../columns/column.ts'
import { columnKinds, type ColumnModel, type RoleAccess, type TableModel } from '../table-model.ts'
import { checkColumnName } from './names.ts'
import type { Table } from './table.ts'

/** PostgreSQL keeps no more digits than this in a declared numeric. */
const maxPrecision = 1_000

/**
 * A declared table under its name, complete and checked.
 * @throws DefinitionError naming the table and the column
 */
export function toTableModel(name: string, table: Table): TableModel {
  const columns = Object.entries(table.columns).map(([column, declared]) => columnModel(name, column, declared))
  if (columns.length === 0) throw new DefinitionError(`Table ${name} has no columns.`, { table: name })
  const byName = new Map(columns.map((column) => [column.name, column]))
  const known = (what: string, column: string): ColumnModel => {
    const found = byName.get(column)
    if (found !== undefined) return found
    const near = nearest(column, byName.keys())
    throw new DefinitionError(
      `${what} of ${name} names "${column}", which is no column.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      {
        table: name,
        column,
      },
    )
  }
  const key = listOf(table.key)
  if (key.length === 0) throw new DefinitionError(`Table ${name} has no key: name the columns that tell its rows apart.`, { table: name })
  if (new Set(key).size !== key.length) throw new DefinitionError(`The key of ${name} names a column twice.`, { table: name, key })
  for (const part of key) checkKeyColumn(name, known('The key', part))
  const indexes = table.indexes.map((index) => Object.freeze([...listOf(index)]))
  for (const column of indexes.flat()) known('An index', column)
  const readAccess = table.readAccess === undefined ? undefined : accessOf(name, table.readAccess, known)
  return Object.freeze({ name, columns: Object.freeze(columns), key: Object.freeze([...key]), indexes: Object.freeze(indexes), readAccess })
}

function columnModel(table: string, name: string, declared: ColumnLike): ColumnModel {
  checkColumnName(table, name)
  const spec: unknown = declared?.spec
  if (typeof spec !== 'object' || spec === null || !columnKinds.includes(declared.spec.kind)) {
    throw new DefinitionError(`${table}.${name} is no column: use text(), integer(), numeric(12, 2) and their like.`, {
      table,
      column: name,
    })
  }
  const { check, ...shape } = declared.spec
  if (shape.kind === 'numeric') checkDigits(table, { name, ...shape })
  try {
    const codec = columnCodec(table, { name, ...shape, check })
    const model: ColumnModel = { name, ...shape, default: shape.default === undefined ? undefined : codec.accept(shape.default) }
    // A function is no part of the shape that is stored, compared and fingerprinted.
    return Object.freeze(Object.defineProperty(model, 'check', { value: check, enumerable: false }))
  } catch (error) {
    throw new DefinitionError(`The default of ${table}.${name} does not fit: ${error instanceof Error ? error.message : String(error)}`, {
      table,
      column: name,
    })
  }
}

function checkDigits(table: string, { name, precision, scale }: ColumnModel): void {
  if (isWhole(precision, 1, maxPrecision) && isWhole(scale, 0, precision ?? 0)) return
  throw new DefinitionError(
    `${table}.${name} is numeric(${precision}, ${scale}): it needs 1 to ${maxPrecision} digits, and 0 to as many of them behind the point.`,
    { table, column: name },
  )
}

function isWhole(n: number | undefined, lowest: number, highest: number): boolean {
  return n !== undefined && Number.isInteger(n) && n >= lowest && n <= highest
}

function checkKeyColumn(table: string, { name, nullable, kind }: ColumnModel): void {
  const problem = nullable
    ? 'may be null'
    : kind === 'json' || kind === 'double'
      ? `is ${kind}, whose values are not told apart safely`
      : undefined
  if (problem === undefined) return
  throw new DefinitionError(`${table}.${name} cannot be part of the key: it ${problem}.`, { table, column: name })
}

function accessOf(
  table: string,
  declared: Readonly<Record<string, RoleAccess>>,
  known: (what: string, column: string) => ColumnModel,
): TableModel['readAccess'] {
  const access: Record<string, RoleAccess> = {}
  for (const [role, { rule, hidden }] of Object.entries(declared)) {
    if (role === '') throw new DefinitionError(`The read access of ${table} names a role without a name.`, { table })
    if (rule.rows === 'own') {
      const { kind } = known(`The read access of role "${role}"`, rule.column)
      if (kind !== 'text' && kind !== 'uuid') {
        throw new DefinitionError(`${table}.${rule.column} is ${kind}: a user's own rows need a text or uuid column.`, {
          table,
          column: rule.column,
        })
      }
    }
    for (const column of hidden) known(`The read access of role "${role}"`, column)
    access[role] = Object.freeze({ rule: Object.freeze({ ...rule }), hidden: Object.freeze([...hidden]) })
  }
  return Object.freeze(access)
}

function listOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names
}
