import type { StoredCommand } from '@cairn/core'
import type { QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { toStoredCommand, type CommandRow } from '../pg/commands/command-row.ts'
import type { PgDatabase } from '../pg/connection/pg-database.ts'
import { retryWhileUnavailable } from '../pg/connection/retry.ts'
import { sql } from '../pg/connection/sql.ts'
import type { JobData } from './job-data.ts'

const Many = z.object({ commands: z.array(z.custom<CommandRow>()).nullable() })
const Count = z.object({ count: z.int() })

/** The rows of commands that were handed over, as the worker role. */
export class HandedCommands {
  readonly #db: PgDatabase
  readonly #owner: string

  constructor(db: PgDatabase, owner: string) {
    this.#db = db
    this.#owner = owner
  }

  /** For each job the commands that are still to be done, in its order: fewer than it names where they were given back, or are done. */
  async load(jobs: readonly JobData[]): Promise<readonly (readonly StoredCommand[])[]> {
    const ids = jobs.flatMap(({ tenantId, commandIds }) => commandIds.map((id) => [tenantId, id]))
    const { commands } = await this.#ask(
      sql.prepared(`${this.#db.schema}_handed_commands`, Many)`
        select ${this.#function('handed_commands')}(${this.#owner}, ${JSON.stringify(ids)}::jsonb) as commands`,
    )
    const found = new Map(
      (commands ?? []).map((row) => {
        const stored = toStoredCommand(row)
        return [keyOf(stored.command.tenantId, stored.command.id), stored]
      }),
    )
    return jobs.map(({ tenantId, commandIds }) =>
      commandIds.flatMap((id) => {
        const stored = found.get(keyOf(tenantId, id))
        return stored === undefined ? [] : [stored]
      }),
    )
  }

  /** Gives back what no job is for any more. Answers how many. */
  async giveBackOrphans(jobsSchema: string, queue: string, graceMs: number): Promise<number> {
    const { count } = await this.#ask(
      sql.type(Count)`
        select ${this.#function('give_back_orphans')}(${this.#owner}, ${jobsSchema}, ${queue}, ${graceMs}::bigint) as count`,
    )
    return count
  }

  #function(name: string) {
    return sql.identifier([this.#db.schema, name])
  }

  #ask<S extends z.ZodType>(query: QuerySqlToken<S>) {
    const { gates, pools, options } = this.#db
    return retryWhileUnavailable('the commands', options.retryForMs, () => gates.worker.run(() => pools.worker.one(query)))
  }
}

function keyOf(tenantId: string, id: string): string {
  return `${tenantId}\0${id}`
}
