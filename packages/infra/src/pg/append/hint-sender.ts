import type { PgDatabase } from '../connection/pg-database.ts'
import { sql } from '../connection/sql.ts'
import { z } from 'zod'
import { hintLocally } from './local-hints.ts'

/** At most one hint in so many milliseconds. */
const hintIntervalMs = 20

/**
 * Tells readers that there is something new: those of this process at once, those of others through the server, after the commit,
 * at most one for all appends of an interval, without a payload, and never inside an append's own transaction, where NOTIFY takes
 * a database-wide lock at commit.
 * NOTIFY makes its transaction a writing one; a hint may get lost, so its commit waits for no disk.
 * Readers poll; a lost hint costs them one poll interval and nothing else, so failures are only logged.
 */
export class HintSender {
  readonly #db: PgDatabase
  #scheduled: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #lastSent = 0

  constructor(db: PgDatabase) {
    this.#db = db
  }

  send(): void {
    if (!this.#db.options.hints) return
    hintLocally(this.#db)
    if (this.#scheduled !== undefined) return
    const wait = Math.max(0, this.#lastSent + hintIntervalMs - performance.now())
    this.#scheduled = setTimeout(() => {
      this.#scheduled = undefined
      this.#lastSent = performance.now()
      this.#sending = this.#notify()
    }, wait)
    this.#scheduled.unref()
  }

  async drained(): Promise<void> {
    clearTimeout(this.#scheduled)
    this.#scheduled = undefined
    await this.#sending
  }

  async #notify(): Promise<void> {
    const { pools, gates, schema, options } = this.#db
    try {
      await gates.read.run(() =>
        pools.read.query(sql.prepared(`${schema}_hint`, z.object({}))`
          select set_config('synchronous_commit', 'off', true), pg_notify(${hintChannel(schema)}, '')`),
      )
    } catch (error) {
      options.logger.debug('a hint was not sent', { component: 'pg-event-store', error })
    }
  }
}

/** The channel that hints of a schema go to. */
export function hintChannel(schema: string): string {
  return `${schema}_hint`
}
