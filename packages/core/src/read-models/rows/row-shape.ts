import { RowMissingError, RowValueError } from '../../errors/projections.ts'
import { deepFreeze } from '../../aggregate/deep-freeze.ts'
import { nearest } from '../../registry/nearest.ts'
import { describeValue } from '../columns/describe-value.ts'
import type { TableModel } from '../table-model.ts'
import { field, type Field } from './field.ts'

export type KeyValue = string | number | boolean
/** A row's columns, all of them, in the order of declaration; only the buffer that made it may change it. */
export type Values = Record<string, unknown>

/** Checks and makes the rows of one table. Every error names table and column. */
export class RowShape {
  readonly model: TableModel
  readonly #fields: readonly Field[]
  readonly #byName: ReadonlyMap<string, Field>
  readonly #key: readonly Field[]
  readonly #json: readonly string[]
  /** All columns, in order: copies of it get their values without a new field, which is several times faster. */
  readonly #blank: Readonly<Values>

  constructor(model: TableModel) {
    this.model = model
    this.#fields = model.columns.map((column) => field(model.name, column, model.key, maxIndexedBytes(model, column.name)))
    this.#json = this.#fields.filter((one) => one.model.kind === 'json').map(({ name }) => name)
    this.#byName = new Map(this.#fields.map((one) => [one.name, one]))
    this.#key = model.key.map((name) => this.#field(name))
    this.#blank = Object.fromEntries(this.#fields.map(({ name }) => [name, null]))
  }

  /** The key's values, as rows carry them, from one value or an array. @throws RowValueError */
  keyOf(key: unknown): readonly KeyValue[] {
    const [first] = this.#key
    if (this.#key.length === 1 && first !== undefined && !Array.isArray(key)) return [keyValue(first.accept(key))]
    if (Array.isArray(key) && key.length === this.#key.length) return this.#key.map((one, index) => keyValue(one.accept(key[index])))
    throw new RowValueError(
      this.model.name,
      this.model.key.join(', '),
      `is a key of ${this.#key.length} value(s), and ${describeValue(key)} was given`,
    )
  }

  /** The key's values of a row that was checked. */
  keyOfRow(row: Readonly<Values>): readonly KeyValue[] {
    return this.#key.map(({ name }) => keyValue(row[name]))
  }

  /** A row that was loaded: its JSON is frozen, as that of all rows is. */
  loaded(values: Readonly<Values>): Values {
    for (const name of this.#json) deepFreeze(values[name])
    return values
  }

  /** A row to be set whole: checked, with defaults. @throws RowValueError */
  whole(row: Readonly<Values>): Values {
    const values = { ...this.#blank }
    let given = 0
    for (const one of this.#fields) {
      const value = row[one.name]
      if (value === undefined) {
        values[one.name] = one.fill()
        continue
      }
      given++
      values[one.name] = one.accept(value)
    }
    this.#refuseUnknown(row, given)
    return values
  }

  /** The result of a fold: what it left as it was is not checked again, key columns may be left out. @throws RowValueError */
  folded(next: Readonly<Values>, before: Readonly<Values> | undefined, key: readonly KeyValue[]): Values {
    if (typeof next !== 'object') throw new RowValueError(this.model.name, '*', `must be a row, and ${describeValue(next)} was returned`)
    const values = { ...(before ?? this.#blank) }
    let given = 0
    for (const one of this.#fields) {
      const { name, keyIndex } = one
      const value = next[name]
      if (value !== undefined) given++
      if (before !== undefined && value === before[name] && value !== undefined) continue
      if (keyIndex >= 0) values[name] = this.#sameKey(one, value, key[keyIndex])
      else values[name] = value === undefined ? one.fill() : one.accept(value)
    }
    this.#refuseUnknown(next, given)
    return values
  }

  /** Changes, checked. @throws RowValueError */
  changes(changes: Readonly<Values>): Values {
    const checked: Values = {}
    for (const name in changes) {
      const one = this.#changeable(name, 'a patch')
      if (changes[name] !== undefined) checked[name] = one.accept(changes[name])
    }
    return checked
  }

  /** What to add, checked. @throws RowValueError */
  increments(by: Readonly<Values>): Values {
    const checked: Values = {}
    for (const name in by) {
      const one = this.#changeable(name, 'an increment')
      if (one.add === undefined) throw new RowValueError(this.model.name, name, `is ${one.model.kind}, and only numbers are incremented`)
      if (by[name] === null) throw new RowValueError(this.model.name, name, 'must not be incremented by null')
      if (by[name] !== undefined) checked[name] = one.accept(by[name])
    }
    return checked
  }

  /** Adds checked increments to a row in place; null counts as 0. @throws RowValueError, the row being half-changed then */
  add(values: Values, by: Readonly<Values>): void {
    for (const name in by) {
      const before = values[name]
      values[name] = before === null ? by[name] : this.#byName.get(name)?.add?.(before, by[name])
    }
  }

  /** The row that an increment begins with where there is none. @throws RowValueError when a column has neither default nor number */
  initial(key: readonly KeyValue[]): Values {
    const values = { ...this.#blank }
    for (const one of this.#fields) values[one.name] = one.keyIndex >= 0 ? key[one.keyIndex] : one.first()
    return values
  }

  missing(tenantId: string, key: readonly KeyValue[]): RowMissingError {
    return new RowMissingError(this.model.name, tenantId, key.length === 1 ? key[0] : key)
  }

  #sameKey(one: Field, value: unknown, wanted: KeyValue | undefined): unknown {
    if (value === undefined || one.accept(value) === wanted) return wanted
    throw new RowValueError(
      this.model.name,
      one.name,
      `is part of the key and cannot change from ${describeValue(wanted)} to ${describeValue(value)}`,
    )
  }

  #changeable(name: string, what: string): Field {
    const one = this.#field(name)
    if (one.keyIndex < 0) return one
    throw new RowValueError(this.model.name, name, `is part of the key, and ${what} leaves the key as it is`)
  }

  #field(name: string): Field {
    const found = this.#byName.get(name)
    if (found !== undefined) return found
    throw this.#unknown(name)
  }

  /** @param given how many of the table's columns the row has: when it has no more fields than that, there is nothing to look for */
  #refuseUnknown(row: Readonly<Values>, given: number): void {
    let fields = 0
    for (const _ in row) fields++
    if (fields === given) return
    for (const name in row) if (!this.#byName.has(name)) throw this.#unknown(name)
  }

  #unknown(name: string): RowValueError {
    const near = nearest(name, this.#byName.keys())
    return new RowValueError(
      this.model.name,
      name,
      `is no column${near === undefined ? '' : `; did you mean "${near}"?`} It has: ${[...this.#byName.keys()].join(', ')}`,
    )
  }
}

/** Columns of a key hold no null and no JSON: definitions refuse it. */
function keyValue(value: unknown): KeyValue {
  return value as KeyValue
}

/**
 * An entry of a PostgreSQL index holds 2,704 bytes at the most, of which a tenant id may take 800. What does not fit would fail
 * at the commit, where nobody can tell which event it came from.
 */
const indexEntryBytes = 1_500

function maxIndexedBytes({ key, indexes, columns }: TableModel, column: string): number | undefined {
  const texts = new Set(columns.filter(({ kind }) => kind === 'text').map(({ name }) => name))
  const lists = [key, ...indexes].filter((names) => texts.has(column) && names.includes(column))
  if (lists.length === 0) return undefined
  return Math.min(...lists.map((names) => Math.floor(indexEntryBytes / names.filter((name) => texts.has(name)).length)))
}
