import type { Command } from '../contracts/index.ts'
import { StoppedError } from '../errors/index.ts'
import type { CommandStorePort, EventStorePort, HintsPort, JobSchedulerPort, StoredCommand } from '../ports/index.ts'
import { waitForCommand } from './wait-for-command.ts'

export interface StoredSchedulerParts {
  readonly store: Pick<EventStorePort, 'transaction'>
  readonly commands: CommandStorePort
  /** Looks as soon as something may be new. @default it polls */
  readonly hints?: Pick<HintsPort, 'listen'> | undefined
}

/**
 * Puts commands into the table, for whoever carries stored commands out, here or in another process, in the order of their
 * aggregates' commands.
 */
export class StoredScheduler implements JobSchedulerPort {
  readonly #parts: StoredSchedulerParts
  readonly #ended = new AbortController()

  constructor(parts: StoredSchedulerParts) {
    this.#parts = parts
  }

  /**
   * Waits as long as it takes: where no process carries commands out, the row waits, and so does the caller.
   * @throws CommandIdReusedError when the id was used with other content
   * @throws DatabaseUnavailableError, PoolExhaustedError, StoppedError; what was stored is carried out all the same
   */
  async schedule(command: Command): Promise<StoredCommand> {
    this.#ended.signal.throwIfAborted()
    const { store, commands, hints } = this.#parts
    await store.transaction(command.tenantId, (tx) => tx.commands.enqueue([{ command }]))
    return waitForCommand(commands, command.tenantId, command.id, {
      timeoutMs: Number.POSITIVE_INFINITY,
      hints,
      signal: this.#ended.signal,
    })
  }

  /** Withdraws a command that nobody has taken yet. */
  cancel(tenantId: string, commandId: string): Promise<boolean> {
    return this.#parts.commands.withdraw(tenantId, commandId)
  }

  /** Those who wait are told; their commands stay stored. */
  stop(): void {
    this.#ended.abort(new StoppedError('The scheduler'))
  }
}
