import { commandFailure, type CommandBus, type Dispatched, type LoggerPort, type StoredCommand, type StoredResult } from '@cairn/core'
import { activityInfo, ApplicationFailure } from '@temporalio/activity'
import type { CommandBatches, CommandChange } from '../command-batches.ts'
import { batchAttempts, type CairnActivities, type CommandAnswer } from '../workflows/contract.ts'
import { isOutage, mayPass } from './is-outage.ts'

export interface ExecuteCommandsParts {
  readonly batches: CommandBatches
  readonly bus: Pick<CommandBus, 'dispatch'>
  readonly logger: LoggerPort
  /** A command that was consumed so often and still meets conflicts fails. Outages do not count. */
  readonly maxAttempts: number
}

/**
 * Carries a batch out, one command after another, each under its own id: run again after a crash, it finds what took effect
 * before and goes on behind it. A refusal is written down before the next command is decided, because only a refusal could come
 * out differently the second time.
 */
export function executeCommands(parts: ExecuteCommandsParts): CairnActivities['cairnExecuteCommands'] {
  return async (tenantId, commandIds) => {
    const batch = new Batch(parts, tenantId)
    try {
      await batch.run(commandIds)
    } catch (error) {
      if (activityInfo().attempt < batchAttempts) throw ApplicationFailure.create({ message: messageOf(error), type: codeOf(error) })
      parts.logger.warn('Commands are given back.', { tenantId, commands: commandIds.length, error })
      await batch.giveBack(commandIds, error)
    }
    return commandIds.map((id) => batch.answers.get(id) ?? { status: 'pending', error: { code: 'CAIRN_UNEXPECTED', message: 'Not run.' } })
  }
}

class Batch {
  readonly answers = new Map<string, CommandAnswer>()
  readonly #parts: ExecuteCommandsParts
  readonly #tenantId: string
  /** Carried out, but not yet marked so. */
  #done: CommandChange[] = []

  constructor(parts: ExecuteCommandsParts, tenantId: string) {
    this.#parts = parts
    this.#tenantId = tenantId
  }

  /** @throws what may pass; all before it is marked */
  async run(commandIds: readonly string[]): Promise<void> {
    const rows = await this.#parts.batches.take(this.#tenantId, commandIds)
    try {
      for (const [i, row] of rows.entries()) {
        const id = commandIds[i]
        if (id !== undefined) await this.#runOne(id, row)
      }
    } finally {
      await this.#flush()
    }
  }

  /** Those without an answer become pending again, where the database can be reached. */
  async giveBack(commandIds: readonly string[], error: unknown): Promise<void> {
    const left = commandIds.filter((id) => !this.answers.has(id))
    for (const id of left) this.answers.set(id, { status: 'pending', error: { code: codeOf(error), message: messageOf(error) } })
    try {
      await this.#parts.batches.finish(
        this.#tenantId,
        left.map((id) => ({ id, change: { status: 'pending' } })),
      )
    } catch (failure) {
      this.#parts.logger.warn('Commands could not be marked pending; the sweep will do it.', { tenantId: this.#tenantId, error: failure })
    }
  }

  async #runOne(id: string, row: StoredCommand | undefined): Promise<void> {
    if (row === undefined) {
      this.answers.set(id, { status: 'pending', error: { code: 'CAIRN_COMMAND_NOT_STORED', message: `Command ${id} has no row.` } })
      return
    }
    if (row.status === 'processed' || row.status === 'failed') {
      this.answers.set(id, { status: row.status })
      return
    }
    try {
      const dispatched = await this.#parts.bus.dispatch(row.command, { tenantId: this.#tenantId })
      this.#done.push({ id, change: { status: 'processed', result: resultOf(dispatched) } })
      this.answers.set(id, { status: 'processed' })
    } catch (error) {
      if (mayPass(error) && (isOutage(error) || row.attempts < this.#parts.maxAttempts)) throw error
      this.#done.push({ id, change: { status: 'failed', error: commandFailure(error) } })
      await this.#flush()
      this.answers.set(id, { status: 'failed' })
    }
  }

  async #flush(): Promise<void> {
    const done = this.#done
    if (done.length === 0) return
    await this.#parts.batches.finish(this.#tenantId, done)
    this.#done = []
  }
}

function resultOf({ aggregateId, version, position, events }: Dispatched): StoredResult {
  return { aggregateId, version, position, eventIds: events.map(({ id }) => id) }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'CAIRN_UNEXPECTED'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
