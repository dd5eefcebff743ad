import {
  bareChange,
  commandFailure,
  isNewer,
  isOutage,
  metLately,
  type CommandBus,
  type Dispatched,
  type LoggerPort,
  type StatusChange,
  type StoredCommand,
  type StoredResult,
} from '@cairn/core'
import { activityInfo, ApplicationFailure } from '@temporalio/activity'
import type { CommandBatches, CommandChange } from '../command-batches.ts'
import { batchAttempts, type CairnActivities, type CommandAnswer } from '../workflows/contract.ts'
import { mayPass } from './may-pass.ts'

const defaultGraceMs = 60_000

export interface ExecuteCommandsParts {
  readonly batches: CommandBatches
  readonly bus: Pick<CommandBus, 'dispatchAll'>
  readonly logger: LoggerPort
  /** A command that was consumed so often and still meets conflicts fails. Outages do not count. */
  readonly maxAttempts: number
  /** A command of newer code, or of an aggregate with events of newer code, is left to others for so long, milliseconds. @default 60_000 */
  readonly newerGraceMs?: number | undefined
}

/**
 * Carries a batch out, one command after another, each under its own id: run again after a crash, it finds what took effect
 * before. (A refusal that nobody was told yet is then decided again, on the state as it is by that time.)
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

  constructor(parts: ExecuteCommandsParts, tenantId: string) {
    this.#parts = parts
    this.#tenantId = tenantId
  }

  /** @throws what may pass; those that it did not meet are marked */
  async run(commandIds: readonly string[]): Promise<void> {
    const { batches, bus, newerGraceMs = defaultGraceMs } = this.#parts
    const open: StoredCommand[] = []
    for (const [i, row] of (await batches.take(this.#tenantId, commandIds)).entries()) {
      const id = commandIds[i] ?? ''
      if (row === undefined) {
        this.answers.set(id, { status: 'pending', error: { code: 'CAIRN_COMMAND_NOT_STORED', message: `Command ${id} has no row.` } })
      } else if (row.status === 'processed' || row.status === 'failed') {
        this.answers.set(id, { status: row.status })
      } else {
        open.push(row)
      }
    }
    const outcomes = await bus.dispatchAll(open.map(({ command }) => command))
    const changes: CommandChange[] = []
    const passing: unknown[] = []
    const met = new Set<unknown>()
    for (const [i, row] of open.entries()) {
      const outcome = outcomes[i]
      if (outcome === undefined) continue
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : undefined
      // Not begun, behind one before it: whatever becomes of that one, this one is tried yet.
      const heldUp = met.has(reason) && (mayPass(reason) || isNewer(reason))
      met.add(reason)
      // It is left to others with that one, and its time runs from now on: else each of them would begin its own behind the last one's.
      if (heldUp && isNewer(reason)) metLately(row, newerGraceMs)
      const change = heldUp ? undefined : this.#changeOf(row, outcome)
      if (change === undefined) passing.push(reason)
      else changes.push({ id: row.command.id, change })
    }
    await this.#finish(changes)
    for (const { id, change } of changes)
      if (change.status === 'processed' || change.status === 'failed') this.answers.set(id, { status: change.status })
    if (passing.length > 0) throw passing[0]
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

  /** What a row cannot keep, its result or the details of its failure, is left out: were it not, the batch would be run for ever. */
  async #finish(changes: readonly CommandChange[]): Promise<void> {
    const { batches, logger } = this.#parts
    try {
      return await batches.finish(this.#tenantId, changes)
    } catch (error) {
      if (changes.every(({ change }) => bareChange(change, error) === undefined)) throw error
    }
    for (const { id, change } of changes) {
      try {
        await batches.finish(this.#tenantId, [{ id, change }])
      } catch (error) {
        const bare = bareChange(change, error)
        if (bare === undefined) throw error
        const fields = { tenantId: this.#tenantId, commandId: id, error }
        logger.warn('The outcome of a command was stored without what cannot be stored.', fields)
        await batches.finish(this.#tenantId, [{ id, change: bare }])
      }
    }
  }

  /** Undefined where the failure may pass, and the command is to be tried again. */
  #changeOf(row: StoredCommand, outcome: PromiseSettledResult<Dispatched>): StatusChange | undefined {
    if (outcome.status === 'fulfilled') return { status: 'processed', result: resultOf(outcome.value) }
    const error: unknown = outcome.reason
    const { maxAttempts, newerGraceMs = defaultGraceMs } = this.#parts
    if (mayPass(error) && (isOutage(error) || row.attempts < maxAttempts)) return undefined
    if (isNewer(error) && metLately(row, newerGraceMs)) return undefined
    return { status: 'failed', error: commandFailure(error) }
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
