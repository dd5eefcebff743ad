import { assertTenantId, assertUuid, type CommandQueuePort, type QueuedCommand } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import { plainArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { ownStatement } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { cancelled, queueJson, reusedError } from './queue-json.ts'

export const Reused = z.object({ reused: z.array(z.tuple([z.string(), z.string()])).nullable() })
export const Cancelled = z.object({ cancelled: z.int() })

/** Commands of any tenant in a transaction of the worker role. */
export class PgCommandQueue implements CommandQueuePort {
  readonly #connection: DatabaseTransactionConnection
  readonly #db: PgDatabase
  readonly #mode: StatementMode
  #used = false
  #failure: Error | undefined

  constructor(connection: DatabaseTransactionConnection, db: PgDatabase, mode: StatementMode) {
    this.#connection = connection
    this.#db = db
    this.#mode = mode
  }

  /** True when something was enqueued. */
  get used(): boolean {
    return this.#used
  }

  /** @throws what an enqueue was refused for, even where it was swallowed: the transaction cannot commit */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async enqueue(commands: readonly QueuedCommand[]): Promise<void> {
    if (commands.length === 0) return
    const { schema, options } = this.#db
    const texts = queueJson(commands, options.maxPayloadBytes)
    const query = statement(this.#mode, `${schema}_enqueue_commands`, Reused)`
      select ${sql.identifier([schema, 'enqueue_commands'])}(${texts}::jsonb) as reused`
    const { reused } = await ownStatement('putting commands aside', this.#connection.one(query))
    this.#failure ??= reusedError(reused)
    this.check()
    this.#used = true
  }

  async cancel(tenantId: string, ids: readonly string[]): Promise<number> {
    assertTenantId(tenantId)
    for (const id of ids) assertUuid('command id', id)
    if (ids.length === 0) return 0
    const { schema } = this.#db
    const query = statement(this.#mode, `${schema}_cancel_commands`, Cancelled)`
      select ${sql.identifier([schema, 'cancel_commands'])}(${tenantId}, ${plainArray(ids)}::uuid[], ${cancelled}::jsonb) as cancelled`
    const answer = await ownStatement('cancelling commands', this.#connection.one(query))
    return answer.cancelled
  }
}
