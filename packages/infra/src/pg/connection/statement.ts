import type { QuerySqlToken } from 'slonik'
import type { z } from 'zod'
import { sql } from './sql.ts'

type Tag<S extends z.ZodType> = (
  parts: TemplateStringsArray,
  ...values: Parameters<ReturnType<typeof sql.type<S>>>[1][]
) => QuerySqlToken<S>

/**
 * How a statement is sent: prepared under its name on Cairn's own connections; plain on those lent to users, whose reset
 * (DISCARD ALL) drops prepared statements behind the driver's back.
 */
export type StatementMode = 'prepared' | 'plain'

/** A tag for a statement of this name and row shape. */
export function statement<S extends z.ZodType>(mode: StatementMode, name: string, row: S): Tag<S> {
  return mode === 'prepared' ? sql.prepared(name, row) : sql.type(row)
}

type Values = QuerySqlToken['values']

/**
 * A hot statement: a call of a function of the schema, with nothing but parameters. Its text is made once for each schema
 * and mode; a call then costs no more than its values.
 */
export class FunctionCall<S extends z.ZodType> {
  readonly #name: string
  readonly #columns: readonly string[]
  readonly #parameters: number
  readonly #row: S
  readonly #made = new Map<string, QuerySqlToken<S>>()

  constructor(name: string, columns: readonly string[], parameters: number, row: S) {
    this.#name = name
    this.#columns = columns
    this.#parameters = parameters
    this.#row = row
  }

  with(schema: string, mode: StatementMode, values: Values): QuerySqlToken<S> {
    if (values.length !== this.#parameters) throw new TypeError(`${this.#name} takes ${this.#parameters} parameters, not ${values.length}.`)
    const key = `${mode} ${schema}`
    let made = this.#made.get(key)
    if (made === undefined) this.#made.set(key, (made = this.#make(schema, mode)))
    return { ...made, values }
  }

  #make(schema: string, mode: StatementMode): QuerySqlToken<S> {
    const comma = sql.fragment`, `
    const columns = this.#columns.map((column) => sql.identifier([column]))
    const places = Array.from({ length: this.#parameters }, () => null)
    return statement(mode, `${schema}_${this.#name}`, this.#row)`
      select ${sql.join(columns, comma)} from ${sql.identifier([schema, this.#name])}(${sql.join(places, comma)})`
  }
}
