import {
  assertTime,
  assertVersion,
  eventOfChange,
  type ChangeSelection,
  type LogHead,
  type LogReaderPort,
  type LogReadOptions,
  type LogReadPage,
  type PumpOperation,
} from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'

/** What read_changes of db/functions/420-read-changes.sql writes. */
type ChangeRow = readonly [
  position: number,
  operation: PumpOperation,
  tenantId: string | null,
  row: unknown,
  oldRow: unknown,
  recordedAt: number,
]

const Id = z.object({ id: z.string() })
const Head = z.object({ horizon: z.int(), newest: z.int() })
const Position = z.object({ position: z.int() })
const Page = z.object({ horizon: z.int(), next: z.int(), changes: z.string().nullable() })

export type Ask = <T>(what: string, query: QuerySqlToken<z.ZodType<T>>) => Promise<T>

/** The changes of one table, as the subscription engine reads a log. */
export class PgChangeReader implements LogReaderPort {
  readonly #selection: ChangeSelection
  readonly #window: number
  readonly #schema: string
  readonly #ask: Ask
  #logId: string | undefined

  constructor(selection: ChangeSelection, window: number, schema: string, ask: Ask) {
    this.#selection = selection
    this.#window = window
    this.#schema = schema
    this.#ask = ask
  }

  async logId(): Promise<string> {
    const { id } = await this.#ask('the log’s id', sql.type(Id)`select ${this.#name('log_id')}() as id`)
    return id
  }

  async read({ after, upTo, limit }: LogReadOptions): Promise<LogReadPage> {
    assertVersion('after', after)
    if (upTo !== undefined) assertVersion('upTo', upTo)
    assertLimit(limit, 10_000)
    const { schema, table, operations, filter } = this.#selection
    const values = filter === undefined ? null : textArray(filter.values)
    const { horizon, next, changes } = await this.#ask(
      'reading changes',
      sql.prepared(`${this.#schema}_read_changes`, Page)`
        select horizon, next, changes from ${this.#name('read_changes')}(
          ${after}::bigint, ${upTo ?? null}::bigint, ${limit}::int, ${schema}, ${table}, ${textArray(operations)}::text[],
          ${filter?.column ?? null}, ${filter?.operator ?? null}, ${values}::text[], ${this.#window}::bigint)`,
    )
    if (changes === null) return { events: [], next, horizon }
    // Once: it is part of ids, which stay the same while the pump runs.
    const logId = (this.#logId ??= await this.logId())
    const rows: readonly ChangeRow[] = JSON.parse(changes)
    const events = rows.map(([position, operation, tenantId, row, oldRow, recordedAt]) =>
      eventOfChange(logId, {
        position,
        operation,
        schema,
        table,
        tenantId: tenantId ?? undefined,
        row: row ?? oldRow,
        oldRow: oldRow ?? undefined,
        recordedAt: new Date(recordedAt),
      }),
    )
    return { events, next, horizon }
  }

  head(): Promise<LogHead> {
    return this.#ask(
      'the changes’ end',
      sql.prepared(`${this.#schema}_change_head`, Head)`select horizon, newest from ${this.#name('change_head')}()`,
    )
  }

  async positionAt(time: Date): Promise<number> {
    assertTime('time', time)
    const { position } = await this.#ask(
      'the position at a time',
      sql.type(Position)`select ${this.#name('change_position_at')}(${time.toISOString()}::timestamptz) as position`,
    )
    return position
  }

  #name(fn: string) {
    return sql.identifier([this.#schema, fn])
  }
}
