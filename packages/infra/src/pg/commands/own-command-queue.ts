import { assertTenantId, assertUuid, TenantMismatchError, type CommandQueuePort, type QueuedCommand } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { plainArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { ownStatement } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { Cancelled, Reused } from './pg-command-queue.ts'
import { cancelled, queueJson, reusedError } from './queue-json.ts'

/** Commands of one tenant in a transaction of the application. */
export class OwnCommandQueue implements CommandQueuePort {
  readonly #db: PgDatabase
  readonly #tenantId: string
  readonly #connection: DatabaseTransactionConnection
  #used = false
  #failure: Error | undefined

  constructor(db: PgDatabase, tenantId: string, connection: DatabaseTransactionConnection) {
    this.#db = db
    this.#tenantId = tenantId
    this.#connection = connection
  }

  /** True when something was enqueued. */
  get used(): boolean {
    return this.#used
  }

  /** Set when an id was refused: the transaction then stores nothing, even where its work hides the error. */
  get failure(): Error | undefined {
    return this.#failure
  }

  async enqueue(commands: readonly QueuedCommand[]): Promise<void> {
    if (commands.length === 0) return
    for (const { command } of commands) this.#assertTenant(command.tenantId)
    const { schema, options, signer } = this.#db
    const texts = queueJson(commands, options.maxPayloadBytes)
    const { text, signature } = signer.sign([this.#tenantId])
    const query = sql.type(Reused)`
      select ${sql.identifier([schema, 'enqueue_own_commands'])}(${text}, ${signature}, ${this.#tenantId}, ${texts}::jsonb) as reused`
    const { reused } = await ownStatement('putting commands aside', this.#connection.one(query))
    this.#failure ??= reusedError(reused)
    if (this.#failure !== undefined) throw this.#failure
    this.#used = true
  }

  async cancel(tenantId: string, ids: readonly string[]): Promise<number> {
    assertTenantId(tenantId)
    this.#assertTenant(tenantId)
    for (const id of ids) assertUuid('command id', id)
    if (ids.length === 0) return 0
    const { schema, signer } = this.#db
    const { text, signature } = signer.sign([this.#tenantId])
    const query = sql.type(Cancelled)`
      select ${sql.identifier([schema, 'cancel_own_commands'])}(${text}, ${signature}, ${tenantId}, ${plainArray(ids)}::uuid[],
        ${cancelled}::jsonb) as cancelled`
    const answer = await ownStatement('cancelling commands', this.#connection.one(query))
    return answer.cancelled
  }

  #assertTenant(tenantId: string): void {
    if (tenantId !== this.#tenantId) throw new TenantMismatchError(this.#tenantId, tenantId, 'A command put aside')
  }
}
