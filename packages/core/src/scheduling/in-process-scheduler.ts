import type { Command } from '../contracts/index.ts'
import { CommandIdReusedError, IllegalStatusError, isCairnError, isOutage } from '../errors/index.ts'
import { hashCommand } from '../ids/index.ts'
import {
  silentLogger,
  type CommandStorePort,
  type JobSchedulerPort,
  type LoggerPort,
  type StatusChange,
  type StoredCommand,
} from '../ports/index.ts'
import { bareChange } from './bare-change.ts'
import { commandFailure } from './command-failure.ts'
import type { CommandDispatcher } from './command-worker-options.ts'
import { storedResult } from './stored-result.ts'

/**
 * Runs commands in this process, at once. The command's row says how far it got; should the process die on the way, the
 * row stays, and scheduling the command again finishes it: the log remembers what took effect.
 */
export class InProcessScheduler implements JobSchedulerPort {
  readonly #commands: CommandStorePort
  readonly #bus: CommandDispatcher
  readonly #logger: Pick<LoggerPort, 'warn'>
  readonly #running = new Map<string, { readonly hash: string; readonly outcome: Promise<StoredCommand> }>()

  constructor(commands: CommandStorePort, bus: CommandDispatcher, logger: Pick<LoggerPort, 'warn'> = silentLogger) {
    this.#commands = commands
    this.#bus = bus
    this.#logger = logger
  }

  /**
   * @throws CommandIdReusedError when the id was used with other content
   * @throws DatabaseUnavailableError, PoolExhaustedError, StoppedError; the command is then pending and may be scheduled again
   */
  schedule(command: Command): Promise<StoredCommand> {
    const key = runningKey(command.tenantId, command.id)
    const hash = hashCommand(command)
    const running = this.#running.get(key)
    if (running !== undefined) {
      return running.hash === hash ? running.outcome : Promise.reject(new CommandIdReusedError(command.tenantId, command.id))
    }
    const outcome = this.#run(command).finally(() => this.#running.delete(key))
    this.#running.set(key, { hash, outcome })
    return outcome
  }

  /** Commands start as soon as they are scheduled here, so only those that another process left behind can be withdrawn. */
  async cancel(tenantId: string, commandId: string): Promise<boolean> {
    if (this.#running.has(runningKey(tenantId, commandId))) return false
    return this.#commands.withdraw(tenantId, commandId)
  }

  async #run(command: Command): Promise<StoredCommand> {
    const stored = await this.#commands.upsert(command)
    if (isFinal(stored)) return stored
    const { tenantId, id } = command
    const begun = stored.status === 'pending' ? await this.#mark(tenantId, id, { status: 'consumed' }) : stored
    let change: StatusChange
    try {
      change = { status: 'processed', result: storedResult(await this.#bus.dispatch(stored.command, { tenantId })) }
    } catch (error) {
      // It goes back to `pending`, and the caller gets the error.
      if (isOutage(error) || (isCairnError(error, 'CAIRN_STATEMENT_STOPPED') && (begun?.attempts ?? 1) < stoppedTries)) {
        await this.#giveBack(command)
        throw error
      }
      change = { status: 'failed', error: commandFailure(error) }
    }
    const marked = await this.#mark(tenantId, id, change)
    if (marked !== undefined) return marked
    // Another process ran the same command and was done first. The log let it take effect once; its row stands.
    const final = await this.#commands.getById(tenantId, id)
    if (final === undefined) throw new IllegalStatusError(id, undefined, change.status)
    return final
  }

  /** Undefined where the row does not allow the move any more. */
  async #mark(tenantId: string, id: string, change: StatusChange): Promise<StoredCommand | undefined> {
    try {
      return await this.#commands.markStatus(tenantId, id, change)
    } catch (error) {
      if (isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) return undefined
      const bare = bareChange(change, error)
      if (bare === undefined) throw error
      this.#logger.warn('The outcome of a command was stored without what cannot be stored.', { tenantId, commandId: id, error })
      return this.#commands.markStatus(tenantId, id, bare)
    }
  }

  /** As well as it goes: where the database is away, the row stays as it is, and scheduling the command again finishes it. */
  async #giveBack({ tenantId, id }: Command): Promise<void> {
    try {
      await this.#commands.markStatus(tenantId, id, { status: 'pending' })
    } catch (error) {
      if (!isCairnError(error)) throw error
    }
  }
}

/** Of a command whose statements the server stops each time. */
const stoppedTries = 10

function runningKey(tenantId: string, id: string): string {
  return `${tenantId}\0${id.toLowerCase()}`
}

function isFinal({ status }: StoredCommand): boolean {
  return status === 'processed' || status === 'failed'
}
