import type { Comparable, ColumnModel, Reader, ReaderView, RowCondition, RowOrder, RowQuery, TableModel } from '@cairn/core'
import { textArray } from '../connection/array-literal.ts'
import { arrayOf, codecOf } from './column-codec.ts'
import { tenantColumn } from './hidden-columns.ts'
import { identifier } from './quote.ts'

/** A query for `read_rows`: its text, and the text[] that it takes as $1. */
export interface QueryText {
  readonly text: string
  readonly values: string
  /** A page that an index in the query's order can answer: nothing in it asks for rows from several places of one. */
  readonly page: boolean
}

/** Collects the values of a query while its text is written. */
class Values {
  readonly #values: string[] = []

  /** The place of a value in the text, cast to a type. */
  add(value: string, type: string): string {
    this.#values.push(value)
    return `($1[${this.#values.length}])::${type}`
  }

  of(column: ColumnModel, value: Comparable): string {
    return this.add(String(value), codecOf(column).type)
  }

  toArray(): string {
    return textArray(this.#values)
  }
}

export function selectByKey(view: string, model: TableModel, seen: ReaderView, reader: Reader, key: readonly Comparable[]): QueryText {
  const values = new Values()
  const conditions = model.key.flatMap((name, i) => {
    const column = model.columns.find((candidate) => candidate.name === name)
    const value = key[i]
    return column === undefined || value === undefined ? [] : [`x.${identifier(name)} = ${values.of(column, value)}`]
  })
  return finish(view, seen, [...scopeOf(model, seen, reader, values), ...conditions], '', values, false)
}

export function selectPage(view: string, model: TableModel, query: RowQuery, reader: Reader): QueryText {
  const values = new Values()
  const conditions = scopeOf(model, query, reader, values)
  for (const condition of query.conditions) conditions.push(conditionSql(condition, values))
  if (query.after !== undefined) conditions.push(behind(query.order, query.after, values))
  const order = query.order.map(({ column, descending }) => `x.${identifier(column.name)}${descending ? ' desc' : ''}`).join(', ')
  // One more than asked for tells whether there is a next page.
  return finish(
    view,
    query,
    conditions,
    ` order by ${order} limit ${query.limit + 1}`,
    values,
    query.scope.all || query.scope.own.length === 1,
  )
}

function finish(
  view: string,
  { columns }: ReaderView,
  conditions: readonly string[],
  rest: string,
  values: Values,
  page: boolean,
): QueryText {
  const row = columns.map((column) => codecOf(column).select('x')).join(', ')
  const text = `select json_build_array(${row})::text from ${view} x where ${conditions.join(' and ')}${rest}`
  return { text, values: values.toArray(), page }
}

/** What row-level security demands anyway, where an index can use it. */
function scopeOf({ columns }: TableModel, { scope }: ReaderView, { tenantId, userId }: Reader, values: Values): string[] {
  const conditions = [`x.${tenantColumn} = ${values.add(tenantId, 'text')}`]
  if (scope.all) return conditions
  const own = scope.own.map((name) => {
    const text = columns.find((column) => column.name === name)?.kind === 'text'
    return `x.${identifier(name)}${text ? '' : '::text'} = ${values.add(userId ?? '', 'text')}`
  })
  conditions.push(`(${own.join(' or ')})`)
  return conditions
}

function conditionSql({ column, operator, values: given }: RowCondition, values: Values): string {
  const name = `x.${identifier(column.name)}`
  if (operator === 'is null') return `${name} is null`
  if (operator === 'in') {
    const codec = codecOf(column)
    return `${name} = any (${values.add(arrayOf('', column, codec, given), `${codec.type}[]`)})`
  }
  const [value] = given
  return value === undefined ? 'false' : `${name} ${operator} ${values.of(column, value)}`
}

/** Rows behind a row in an order; null stands last, and first where it is descending, as PostgreSQL sorts it. */
function behind(order: readonly RowOrder[], after: readonly (Comparable | null)[], values: Values): string {
  const simple = order.every(({ column, descending }) => !column.nullable && descending === order[0]?.descending)
  if (simple) {
    // One comparison of rows, which one range of an index answers.
    const names = order.map(({ column }) => `x.${identifier(column.name)}`)
    const places = order.map(({ column }, i) => values.of(column, after[i] ?? ''))
    return `(${names.join(', ')}) ${order[0]?.descending === true ? '<' : '>'} (${places.join(', ')})`
  }
  const alternatives: string[] = []
  const equal: string[] = []
  for (const [i, { column, descending }] of order.entries()) {
    const name = `x.${identifier(column.name)}`
    const value = after[i] ?? null
    const place = value === null ? undefined : values.of(column, value)
    const beyond = beyondSql(name, place, column.nullable, descending)
    if (beyond !== undefined) alternatives.push(`(${[...equal, beyond].join(' and ')})`)
    equal.push(place === undefined ? `${name} is null` : `${name} = ${place}`)
  }
  return `(${alternatives.length === 0 ? 'false' : alternatives.join(' or ')})`
}

function beyondSql(name: string, place: string | undefined, nullable: boolean, descending: boolean): string | undefined {
  if (place === undefined) return descending ? `${name} is not null` : undefined
  if (descending) return `${name} < ${place}`
  return nullable ? `(${name} > ${place} or ${name} is null)` : `${name} > ${place}`
}
