import { assertTenantId, assertUuid, CommandIdReusedError, type ClockPort, type CommandQueuePort, type QueuedCommand } from '@cairn/core'
import type { CommandRow } from '../command-row.ts'
import { rowKey, type CommandRows } from './rows.ts'

export interface PreparedCommand {
  readonly hash: string
  readonly store: () => CommandRow
}

/** What a cancelled command says. */
export const cancelled = { code: 'CAIRN_COMMAND_CANCELLED', message: 'The command was cancelled before it started.', retryable: false }

/** Keeps what a transaction wants until its end. */
export class InMemoryCommandQueue implements CommandQueuePort {
  readonly #rows: CommandRows
  readonly #clock: ClockPort
  readonly #prepare: (queued: QueuedCommand) => PreparedCommand
  readonly #wanted = new Map<string, { readonly queued: QueuedCommand; readonly prepared: PreparedCommand }>()
  readonly #unwanted = new Set<string>()
  #failure: Error | undefined

  constructor(rows: CommandRows, clock: ClockPort, prepare: (queued: QueuedCommand) => PreparedCommand) {
    this.#rows = rows
    this.#clock = clock
    this.#prepare = prepare
  }

  /** True when something was enqueued. */
  get used(): boolean {
    return this.#wanted.size > 0
  }

  async enqueue(commands: readonly QueuedCommand[]): Promise<void> {
    for (const queued of commands) {
      const prepared = this.#prepare(queued)
      const { tenantId, id } = queued.command
      const key = rowKey(tenantId, id)
      const hash = this.#wanted.get(key)?.prepared.hash ?? this.#rows.get(key)?.hash
      if (hash !== undefined && hash !== prepared.hash) {
        this.#failure = new CommandIdReusedError(tenantId, id)
        throw this.#failure
      }
      if (!this.#wanted.has(key)) this.#wanted.set(key, { queued, prepared })
    }
  }

  async cancel(tenantId: string, ids: readonly string[]): Promise<number> {
    assertTenantId(tenantId)
    for (const id of ids) assertUuid('command id', id)
    let count = 0
    for (const key of new Set(ids.map((id) => rowKey(tenantId, id)))) {
      const row = this.#rows.get(key)
      if (this.#unwanted.has(key) || (row === undefined ? !this.#wanted.has(key) : !isWaiting(row))) continue
      this.#unwanted.add(key)
      count++
    }
    return count
  }

  /** @throws what an enqueue was refused for, even where it was swallowed */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  commit(): void {
    for (const [key, { prepared }] of this.#wanted) if (!this.#rows.has(key)) prepared.store()
    for (const key of this.#unwanted) {
      const row = this.#rows.get(key)
      // Taken while the transaction ran: in a database, its lock would have been waited for.
      if (row === undefined || !isWaiting(row)) continue
      row.status = 'failed'
      row.error = JSON.stringify(cancelled)
      row.updatedAt = this.#clock.now().getTime()
    }
  }
}

/** True for a command that nobody has ever taken. */
export function isWaiting(row: CommandRow): boolean {
  return row.status === 'pending' && row.attempts === 0
}
