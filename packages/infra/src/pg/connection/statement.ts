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
