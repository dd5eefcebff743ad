import type { ChangeLogPort, ChangeSelection, LogReaderPort, PumpOperation } from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { PgChangeReader } from './pg-change-reader.ts'

const Watched = z.object({ operations: z.array(z.enum(['INSERT', 'UPDATE', 'DELETE'])) })

export interface PgChangeLogOptions {
  /** Positions that one read searches at the most. @default 10_000 */
  readonly window?: number | undefined
}

/** The changes of watched tables, as the worker role. */
export class PgChangeLog implements ChangeLogPort {
  readonly #db: PgDatabase
  readonly #window: number

  constructor(db: PgDatabase, { window = 10_000 }: PgChangeLogOptions = {}) {
    this.#db = db
    this.#window = window
  }

  reader(selection: ChangeSelection): LogReaderPort {
    return new PgChangeReader(selection, this.#window, this.#db.schema, (what, query) => this.#one(what, query))
  }

  async watched(schema: string, table: string): Promise<readonly PumpOperation[]> {
    const { operations } = await this.#one(
      'the watched tables',
      sql.type(Watched)`select ${sql.identifier([this.#db.schema, 'watched_operations'])}(${schema}, ${table}) as operations`,
    )
    return operations
  }

  #one<T>(what: string, query: QuerySqlToken<z.ZodType<T>>): Promise<T> {
    const { pools, gates, options } = this.#db
    return retryWhileUnavailable(what, options.retryForMs, () => gates.worker.run(() => pools.worker.one(query)))
  }
}
