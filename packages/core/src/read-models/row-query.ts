import { createHash } from 'node:crypto'
import { isCairnError } from '../errors/cairn-error.ts'
import { InvalidInputError } from '../errors/input.ts'
import { ReadDeniedError } from '../errors/projections.ts'
import type { Comparable, Condition, FindRows, Reader } from '../ports/read-model.port.ts'
import type { RowValues } from '../ports/row-store.port.ts'
import { nearest } from '../registry/nearest.ts'
import { columnCodec } from './columns/column-codec.ts'
import { readScope, type ReadScope } from './read-scope.ts'
import type { ColumnModel, TableModel } from './table-model.ts'

export type RowOperator = '=' | 'in' | 'is null' | '>' | '>=' | '<' | '<='

export interface RowCondition {
  readonly column: ColumnModel
  readonly operator: RowOperator
  /** One value, several for 'in', none for 'is null'. */
  readonly values: readonly Comparable[]
}

export interface RowOrder {
  readonly column: ColumnModel
  readonly descending: boolean
}

/** What a reader sees of a table. */
export interface ReaderView {
  readonly scope: ReadScope
  /** Columns that the reader may see, in their order. */
  readonly columns: readonly ColumnModel[]
  /** The reader sees his own rows alone, and is nobody. */
  readonly empty: boolean
}

/** A question to a read model, checked: what every adapter of the port answers alike. */
export interface RowQuery extends ReaderView {
  readonly conditions: readonly RowCondition[]
  /** Ends with the key, so that no two rows are equal. */
  readonly order: readonly RowOrder[]
  readonly limit: number
  /** Values of the order's columns in the last row of the page before. */
  readonly after: readonly (Comparable | null)[] | undefined
  /** The cursor behind a row. */
  cursorAt(row: RowValues): string
}

const defaultLimit = 100
const maxLimit = 1_000

/** @throws ReadDeniedError */
export function readerView(table: TableModel, { role, userId }: Reader): ReaderView {
  const scope = readScope(table, role)
  if (scope === undefined) throw new ReadDeniedError(table.name, role)
  return {
    scope,
    columns: table.columns.filter(({ name }) => !scope.hidden.has(name)),
    empty: !scope.all && (userId === undefined || userId === ''),
  }
}

/** @throws ReadDeniedError, InvalidInputError */
export function rowQuery(table: TableModel, reader: Reader, query: FindRows): RowQuery {
  const view = readerView(table, reader)
  const { scope } = view
  const limit = query.limit ?? defaultLimit
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit)
    throw new InvalidInputError('limit', `limit must be a whole number from 1 to ${maxLimit}, not ${limit}.`)
  const conditions = Object.entries(query.where ?? {}).flatMap(([name, condition]) =>
    conditionsOf(table, comparableColumn(table, scope, 'where', name), condition),
  )
  const order = orderOf(table, scope, query.orderBy ?? [])
  const question = questionHash(table, query, reader)
  return {
    ...view,
    conditions,
    order,
    limit,
    after: query.after === undefined ? undefined : readCursor(table, query.after, question, order),
    cursorAt: (row) =>
      Buffer.from(JSON.stringify([question, ...order.map(({ column }) => row[column.name] ?? null)])).toString('base64url'),
  }
}

/** @throws InvalidInputError */
export function rowKey(table: TableModel, key: Comparable | readonly Comparable[]): readonly Comparable[] {
  const values = isList(key) ? key : [key]
  if (values.length !== table.key.length)
    throw new InvalidInputError(
      'key',
      `A key of ${table.name} has ${table.key.length} value(s) (${table.key.join(', ')}), not ${values.length}.`,
    )
  return table.key.map((name, i) => accept(table, 'key', findColumn(table, 'key', name), values[i]))
}

function isList(key: Comparable | readonly Comparable[]): key is readonly Comparable[] {
  return Array.isArray(key)
}

function findColumn(table: TableModel, field: string, name: string): ColumnModel {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  const names = table.columns.map((candidate) => candidate.name)
  const meant = nearest(name, names)
  throw new InvalidInputError(
    field,
    `${table.name} has no column "${name}".${meant === undefined ? '' : ` Did you mean "${meant}"?`} It has: ${names.join(', ')}.`,
  )
}

function comparableColumn(table: TableModel, scope: ReadScope, field: string, name: string): ColumnModel {
  const column = findColumn(table, field, name)
  if (scope.hidden.has(name))
    throw new InvalidInputError(field, `${table.name}.${name} is hidden from the reader's role and cannot be asked about.`)
  if (column.kind === 'json') throw new InvalidInputError(field, `${table.name}.${name} is json, which is neither compared nor ordered by.`)
  return column
}

function conditionsOf(table: TableModel, column: ColumnModel, condition: Condition): readonly RowCondition[] {
  const value = (given: unknown): Comparable => accept(table, 'where', column, given)
  if (condition === null) return [{ column, operator: 'is null', values: [] }]
  if (typeof condition !== 'object') return [{ column, operator: '=', values: [value(condition)] }]
  if ('in' in condition) return [{ column, operator: 'in', values: condition.in.map(value) }]
  const ranges = [
    ['>', condition.above],
    ['>=', condition.from],
    ['<', condition.below],
    ['<=', condition.upTo],
  ] as const
  const unknown = Object.keys(condition).filter((name) => !['above', 'from', 'below', 'upTo'].includes(name))
  if (unknown.length > 0)
    throw new InvalidInputError(
      'where',
      `The condition on ${table.name}.${column.name} has "${unknown.join('", "')}"; use in, above, from, below or upTo.`,
    )
  return ranges.flatMap(([operator, given]) => (given === undefined ? [] : [{ column, operator, values: [value(given)] }]))
}

function accept(table: TableModel, field: string, column: ColumnModel, value: unknown): Comparable {
  try {
    const accepted = columnCodec(table.name, column).accept(value)
    if (typeof accepted === 'string' || typeof accepted === 'number' || typeof accepted === 'boolean') return accepted
  } catch (error) {
    if (!isCairnError(error, 'CAIRN_ROW_VALUE')) throw error
    throw new InvalidInputError(field, error.message, { table: table.name, column: column.name })
  }
  throw new InvalidInputError(field, `${table.name}.${column.name} is not compared with such a value.`, {
    table: table.name,
    column: column.name,
  })
}

function orderOf(table: TableModel, scope: ReadScope, orderBy: readonly string[]): readonly RowOrder[] {
  const order = orderBy.map((term): RowOrder => {
    const descending = term.startsWith('-')
    return { column: comparableColumn(table, scope, 'orderBy', descending ? term.slice(1) : term), descending }
  })
  const named = new Set(order.map(({ column }) => column.name))
  if (named.size < order.length) throw new InvalidInputError('orderBy', `orderBy of ${table.name} names a column twice.`)
  // Pages go on behind a key, and their cursor would tell it.
  const rest = table.key.filter((name) => !named.has(name)).map((name) => comparableColumn(table, scope, 'orderBy', name))
  return [...order, ...rest.map((column) => ({ column, descending: false }))]
}

/** Another reader, table, condition or order is another question. */
function questionHash({ name }: TableModel, { where, orderBy }: FindRows, { tenantId, role, userId }: Reader): string {
  const text = JSON.stringify([name, where ?? {}, orderBy ?? [], tenantId, role ?? '', userId ?? ''])
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

function readCursor(table: TableModel, after: string, question: string, order: readonly RowOrder[]): readonly (Comparable | null)[] {
  const parts = parseCursor(after)
  const [asked, ...values] = parts
  if (asked !== question || values.length !== order.length)
    throw new InvalidInputError(
      'after',
      'The cursor belongs to another question: pass the `next` of a page with the same table, conditions, order and reader.',
    )
  return order.map(({ column }, i) => (values[i] === null ? null : accept(table, 'after', column, values[i])))
}

function parseCursor(after: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(after, 'base64url').toString())
    if (Array.isArray(parsed)) return parsed
  } catch {
    // Not one of ours; said below.
  }
  throw new InvalidInputError('after', 'The cursor cannot be read: pass the `next` of the page before as it is.')
}
