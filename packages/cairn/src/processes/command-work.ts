import {
  CommandWorker,
  type CommandDispatcher,
  type CommandTypes,
  type CommandWorkerOptions,
  type DueCommandsPort,
  type HintsPort,
  type LoggerPort,
} from '@cairn/core'
import { isNotAllowed } from '../is-not-allowed.ts'

/** How a process carries stored commands out. */
export type CommandWorkOptions = Pick<
  CommandWorkerOptions,
  | 'concurrency'
  | 'batchSize'
  | 'pollMs'
  | 'leaseMs'
  | 'maxAttempts'
  | 'retryMs'
  | 'maxRetryMs'
  | 'unknownTypeGraceMs'
  | 'unownedAfterMs'
  | 'faults'
>

/** Where the commands are given to a scheduler outside of the table. */
type HandOverOptions = Pick<CommandWorkerOptions, 'runGroup' | 'types' | 'ready'>

interface Parts {
  readonly due: DueCommandsPort
  readonly bus: CommandDispatcher
  readonly registry: CommandTypes
  readonly hints: HintsPort
  readonly label: string | undefined
  readonly logger: LoggerPort
}

/**
 * What nobody who says that he lives has held for so long is taken up again, milliseconds: what was under way on a scheduler that is
 * not there any more, say. Done a second time, a command changes nothing.
 */
const unownedAfterMs = 600_000

/** Carries stored commands out in this process: those put aside, those whose timer is due, those of process managers and of SQL. */
export class CommandWork {
  readonly #due: DueCommandsPort
  readonly #worker: CommandWorker
  readonly #logger: LoggerPort

  constructor(parts: Parts, options: CommandWorkOptions & HandOverOptions) {
    this.#due = parts.due
    this.#logger = parts.logger.child({ component: 'command-worker' })
    this.#worker = new CommandWorker({ ...parts, ...options, unownedAfterMs: options.unownedAfterMs ?? unownedAfterMs })
  }

  /** A process whose login is not the worker's leaves the commands to those that may; an app without any does not notice. */
  async start(): Promise<void> {
    try {
      await this.#due.leave(this.#worker.info.id)
    } catch (error) {
      if (!isNotAllowed(error)) throw error
      this.#logger.info('This login may not carry out stored commands; they wait for a process with the worker role.')
      return
    }
    this.#worker.start()
  }

  /** Takes nothing new, lets what is under way end, and gives the rest back. */
  stop(): Promise<void> {
    return this.#worker.stop()
  }
}
