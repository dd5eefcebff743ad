import {
  assertTenantId,
  assertTime,
  assertVersion,
  type LogHead,
  type LogReaderPort,
  type LogReadOptions,
  type LogReadPage,
} from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { assertLimit } from '../read/read-log.ts'
import { logEvents } from './log-events.ts'
import { charactersOf, PageLimit } from './page-limit.ts'

/** Positions that a read with a filter goes over: some tens of milliseconds, where nothing passes it. */
const defaultWindow = 50_000
const maxEvents = 10_000

const Id = z.object({ id: z.string() })
const Head = z.object({ horizon: z.int(), newest: z.int() })
const Position = z.object({ position: z.int() })
const column = z.string().nullable()
const Page = z.object({
  horizon: z.int(),
  next: z.int(),
  positions: column,
  versions: column,
  ids: column,
  tenants: column,
  aggregate_types: column,
  aggregate_ids: column,
  types: column,
  times: column,
  payloads: column,
  metadata: column,
  schemas: column,
})

export interface PgLogReaderOptions {
  /** Positions that one read with a filter searches at the most. @default 50_000 */
  readonly window?: number | undefined
}

/** The log for background readers, as the worker role. */
export class PgLogReader implements LogReaderPort {
  readonly #db: PgDatabase
  readonly #window: number
  readonly #most = new PageLimit(maxEvents)

  constructor(db: PgDatabase, options: PgLogReaderOptions = {}) {
    this.#db = db
    this.#window = options.window ?? defaultWindow
  }

  /** Asked each time: connections may find another database under the same address after a restore. */
  async logId(): Promise<string> {
    const { id } = await this.#one('the log’s id', sql.type(Id)`select ${this.#name('log_id')}() as id`)
    return id
  }

  async read({ after, upTo, limit, types, tenantId, unread }: LogReadOptions): Promise<LogReadPage> {
    assertVersion('after', after)
    if (upTo !== undefined) assertVersion('upTo', upTo)
    assertLimit(limit, maxEvents)
    if (tenantId !== undefined) assertTenantId(tenantId)
    const ask = (most: number) =>
      this.#one(
        'reading the log',
        sql.prepared(`${this.#db.schema}_read_log_page`, Page)`
        select horizon, next, positions, versions, ids, tenants::text, aggregate_types::text, aggregate_ids::text, types::text, times, payloads, metadata, schemas
          from ${this.#name('read_log_page')}(
          ${after}::bigint, ${upTo ?? null}::bigint, ${most}::int, ${types === undefined ? null : textArray(types)}::text[],
          ${tenantId ?? null}, ${this.#window}::bigint, ${unread !== undefined}::boolean)`,
      )
    const { horizon, next, ...columns } = await this.#most.ask(limit, ask)
    return { events: logEvents(columns, unread), next, horizon, size: charactersOf(columns) }
  }

  head(): Promise<LogHead> {
    return this.#one(
      'the log’s end',
      sql.prepared(`${this.#db.schema}_log_head`, Head)`select horizon, newest from ${this.#name('log_head')}()`,
    )
  }

  async positionAt(time: Date): Promise<number> {
    assertTime('time', time)
    const { position } = await this.#one(
      'the position at a time',
      sql.type(Position)`select ${this.#name('position_at')}(${time.toISOString()}::timestamptz) as position`,
    )
    return position
  }

  #one<T>(what: string, query: QuerySqlToken<z.ZodType<T>>): Promise<T> {
    const { pools, gates, options } = this.#db
    return retryWhileUnavailable(what, options.retryForMs, () => gates.worker.run(() => pools.worker.one(query)))
  }

  #name(fn: string) {
    return sql.identifier([this.#db.schema, fn])
  }
}
