import { assertTenantId, assertUuid, CommandIdReusedError, type ClockPort, type CommandQueuePort, type QueuedCommand } from '@cairn/core'
import type { CommandRow } from '../command-row.ts'
import type { CommandTable } from './command-table.ts'
import { rowKey } from './rows.ts'

export interface PreparedCommand {
  readonly hash: string
  readonly store: () => CommandRow
}

/** What a cancelled command says. */
export const cancelled = { code: 'CAIRN_COMMAND_CANCELLED', message: 'The command was cancelled before it started.', retryable: false }

/** Keeps what a transaction wants until its end. */
export class InMemoryCommandQueue implements CommandQueuePort {
  readonly #table: CommandTable
  readonly #clock: ClockPort
  readonly #prepare: (queued: QueuedCommand) => PreparedCommand
  readonly #wanted = new Map<string, { readonly queued: QueuedCommand; readonly prepared: PreparedCommand }>()
  readonly #unwanted = new Set<string>()
  #failure: unknown

  constructor(table: CommandTable, clock: ClockPort, prepare: (queued: QueuedCommand) => PreparedCommand) {
    this.#table = table
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
      const earlier = this.#wanted.get(key)
      try {
        if (earlier !== undefined && earlier.prepared.hash !== prepared.hash) throw new CommandIdReusedError(tenantId, id)
        this.#table.assertFits(tenantId, id, prepared.hash)
      } catch (error) {
        this.#failure ??= error
        throw error
      }
      if (earlier === undefined) this.#wanted.set(key, { queued, prepared })
    }
  }

  async cancel(tenantId: string, ids: readonly string[]): Promise<number> {
    assertTenantId(tenantId)
    for (const id of ids) assertUuid('command id', id)
    let count = 0
    for (const key of new Set(ids.map((id) => rowKey(tenantId, id)))) {
      const row = this.#table.rows.get(key)
      if (this.#unwanted.has(key) || (row === undefined ? !this.#wanted.has(key) : !this.#table.isWaiting(row))) continue
      this.#unwanted.add(key)
      count++
    }
    return count
  }

  /**
   * To be called in one turn of the event loop with `commit`.
   * @throws what an enqueue was refused for, even where it was swallowed
   * @throws CommandIdReusedError where an id was used with other content meanwhile: a database lets one wait for the other
   */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
    for (const { queued, prepared } of this.#wanted.values()) {
      this.#table.assertFits(queued.command.tenantId, queued.command.id, prepared.hash)
    }
  }

  /** Answers how to undo it, before anybody else has a turn. */
  commit(): () => void {
    const { rows } = this.#table
    const undo: (() => void)[] = []
    for (const [key, { prepared }] of this.#wanted) {
      if (rows.has(key)) continue
      prepared.store()
      undo.push(() => rows.delete(key))
    }
    for (const key of this.#unwanted) {
      const row = rows.get(key)
      // Taken while the transaction ran: in a database, its lock would have been waited for.
      if (row === undefined || !this.#table.isWaiting(row)) continue
      const { status, error, updatedAt } = row
      undo.push(() => Object.assign(row, { status, error, updatedAt }))
      Object.assign(row, { status: 'failed', error: JSON.stringify(cancelled), updatedAt: this.#clock.now().getTime() })
    }
    return () => undo.toReversed().forEach((step) => step())
  }
}
