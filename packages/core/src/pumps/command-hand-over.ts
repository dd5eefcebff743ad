import type { Command } from '../contracts/index.ts'
import { isCairnError } from '../errors/index.ts'
import type { CommandStorePort } from '../ports/index.ts'
import { isTransient } from '../subscriptions/transient.ts'
import { aggregateText } from './aggregate-text.ts'
import { commandHelpers, type CommandHelpers, type CommandTaker } from './command-helpers.ts'
import type { PendingCommandRow } from './pending-commands.port.ts'

export interface HandOverParts {
  readonly scheduler: CommandTaker
  readonly commands: Pick<CommandStorePort, 'markStatus'>
  /** Which command types are carried out by a user's own workflow, and by which. */
  readonly workflows: Readonly<Record<string, string>>
}

/**
 * Hands pending commands to a scheduler. The commands of one aggregate go one after another; behind one that stays pending, the
 * others of its aggregate wait for the next pass.
 */
export class CommandHandOver {
  readonly #parts: HandOverParts
  readonly #helpers: CommandHelpers
  /** Aggregates with a command that stayed pending in this pass. */
  readonly #held = new Set<string>()
  #pass = 0

  constructor(parts: HandOverParts) {
    this.#parts = parts
    this.#helpers = commandHelpers(parts.scheduler, parts.commands)
  }

  /** @param pass over the table @throws why some of them stay pending; the others are handed over */
  async take(rows: readonly PendingCommandRow[], pass: number): Promise<void> {
    if (pass !== this.#pass) this.#held.clear()
    this.#pass = pass
    const reasons: unknown[] = []
    await Promise.all([...byAggregate(rows)].map(([key, group]) => this.#inOrder(key, group, reasons)))
    if (reasons.length === 0) return
    throw reasons[0]
  }

  async #inOrder(key: string, group: readonly Command[], reasons: unknown[]): Promise<void> {
    for (const command of group) {
      if (this.#held.has(key)) return
      try {
        await this.#handOver(command)
      } catch (error) {
        this.#held.add(key)
        reasons.push(error)
      }
    }
  }

  /** @throws why it stays pending */
  async #handOver(command: Command): Promise<void> {
    const { scheduler, workflows } = this.#parts
    const workflowType = workflows[command.type]
    try {
      const answer =
        workflowType !== undefined
          ? await this.#helpers.scheduleWorkflow(command, { workflowType })
          : await (scheduler.carryOut?.(command) ?? scheduler.schedule(command))
      const status = statusOf(answer)
      if (status === 'pending') throw new StillPending(answer)
      if (status !== 'processed' && status !== 'failed') await this.#helpers.markConsumed(command)
    } catch (error) {
      if (!isRefusal(error)) throw error
      await this.#helpers.markFailed(command, error)
    }
  }
}

/** The scheduler gave it back. */
class StillPending extends Error {
  override readonly name = 'StillPending'

  constructor(answer: unknown) {
    const error: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : undefined
    const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : undefined
    super(typeof message === 'string' ? message : 'The scheduler gave the command back.', { cause: error })
  }
}

/** Only what says so itself is for good: an error of unknown kind may be the way to the scheduler. */
function isRefusal(error: unknown): boolean {
  return isCairnError(error) && !isTransient(error) && (!error.retryable || error.code === 'CAIRN_BUSINESS_RULE')
}

function statusOf(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'status') : undefined
}

function byAggregate(rows: readonly PendingCommandRow[]): ReadonlyMap<string, readonly Command[]> {
  return Map.groupBy(
    rows.map(({ command }) => command),
    aggregateText,
  )
}
