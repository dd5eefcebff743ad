import { InvalidInputError } from '../errors/index.ts'
import type { HintsPort } from '../ports/index.ts'
import { outageDelay, retryDelay } from '../subscriptions/retry-delay.ts'
import { Wake } from '../subscriptions/wake.ts'
import { CommandAdmission, type CommandAdmissionParts } from './command-admission.ts'
import type { PendingCommandRow, PendingCommandsPort, StoredPendingCommand } from './pending-commands.port.ts'
import type { PumpChange } from './pump-config.ts'
import { matchesPumpFilter } from './pump-filter.ts'
import type { PumpIntake, PumpSourcePort, RunningPump } from './pump-source.port.ts'

export interface PendingCommandParts extends CommandAdmissionParts {
  readonly pending: PendingCommandsPort
  readonly hints?: Pick<HintsPort, 'listen'> | undefined
  /** Rows are looked for so often even if no hint comes, milliseconds. @default 200 */
  readonly pollMs?: number | undefined
}

/**
 * The commands table: rows that are pending. Their status is the position: a row comes again and again, pass after pass over the
 * table, until somebody has taken it or ended it. So a batch that fails holds nobody up, and is lost by no crash.
 */
export class PendingCommandSource implements PumpSourcePort {
  readonly #parts: PendingCommandParts

  constructor(parts: PendingCommandParts) {
    this.#parts = parts
  }

  async open(pump: PumpIntake): Promise<RunningPump> {
    if (pump.eventSpec.event !== 'INSERT' && pump.eventSpec.event !== '*') {
      throw new InvalidInputError('eventSpec.event', `A pump of commands takes INSERT: rows that are pending, not ${pump.eventSpec.event}.`)
    }
    const passes = new Passes(this.#parts, pump)
    return { stop: () => passes.stop() }
  }
}

class Passes {
  readonly #parts: PendingCommandParts
  readonly #pump: PumpIntake
  readonly #wake = new Wake()
  readonly #signal = new AbortController().signal
  readonly #admission: CommandAdmission
  readonly #running: Promise<void>
  #stopping = false
  /** Passes in a row in which something failed. */
  #failedPasses = 0
  #failed = false
  #after: string | undefined
  #pass = 1
  /** When the next pass begins, where this one came to its end and something in it failed. */
  #againAt: number | undefined

  constructor(parts: PendingCommandParts, pump: PumpIntake) {
    this.#parts = parts
    this.#pump = pump
    this.#admission = new CommandAdmission(parts)
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake.ring()
    await this.#running
  }

  async #run(): Promise<void> {
    const { hints, pollMs = 200 } = this.#parts
    const unlisten = hints?.listen(() => this.#wake.ring())
    let outages = 0
    try {
      while (!this.#stopping) {
        try {
          const atEnd = await this.#next()
          if (outages > 0) this.#pump.trouble(undefined)
          outages = 0
          if (atEnd) await this.#betweenPasses(pollMs)
        } catch (error) {
          outages++
          if (outages === 1) this.#pump.logger.warn('Pending commands cannot be read; this is tried again until they can.', { error })
          this.#pump.trouble(error)
          await this.#wait(outageDelay(100, outages))
        }
      }
    } finally {
      unlisten?.()
    }
  }

  /** True when this was the last page. @throws what the store throws */
  async #next(): Promise<boolean> {
    const { batchSize, filter, eventSpec, failure } = this.#pump
    const { commands, after } = await this.#parts.pending.pending(batchSize, this.#after)
    const matching = filter === undefined ? commands : commands.filter((command) => matchesPumpFilter(filter, rowOf(command)))
    const wanted = await this.#admission.admit(matching, this.#pass)
    if (wanted.length > 0) {
      const changes = wanted.map((command) => changeOf(eventSpec, command))
      try {
        await this.#pump.deliver(changes, { attempt: this.#failedPasses + 1, pass: this.#pass, signal: this.#signal })
      } catch {
        // Logged and counted by the pump. Those behind it get their turn, at a slower pace: it may be all of them that fail.
        if (!this.#failed) this.#failedPasses++
        this.#failed = true
        await this.#wait(retryDelay(failure.retry, Math.min(this.#failedPasses, 2)))
      }
    }
    this.#after = after ?? this.#after
    return commands.length < batchSize
  }

  /** Rows that failed wait for the next pass, longer each time; new ones, which stand behind them, do not. */
  async #betweenPasses(pollMs: number): Promise<void> {
    const now = performance.now()
    if (this.#failed) this.#againAt ??= now + retryDelay(this.#pump.failure.retry, this.#failedPasses)
    else this.#failedPasses = 0
    if (this.#againAt === undefined || now >= this.#againAt) {
      const begin = this.#againAt !== undefined
      this.#failed = false
      this.#againAt = undefined
      this.#after = undefined
      this.#pass++
      if (begin) return
    }
    if (!this.#stopping) await this.#wake.wait(Math.min(pollMs, Math.max(1, (this.#againAt ?? Infinity) - now)))
  }

  /** Hints do not shorten it. */
  async #wait(ms: number): Promise<void> {
    const end = performance.now() + ms
    for (let left = ms; left > 0 && !this.#stopping; left = end - performance.now()) await this.#wake.wait(left)
  }
}

function rowOf({ command, ...row }: StoredPendingCommand): Readonly<Record<string, unknown>> {
  const { aggregateType, aggregateId } = command ?? row.raw
  return { ...row, aggregateType, aggregateId, tenant_id: row.tenantId, aggregate_type: aggregateType, aggregate_id: aggregateId }
}

function changeOf({ schema, table }: PumpIntake['eventSpec'], row: PendingCommandRow): PumpChange<PendingCommandRow> {
  const { id, tenantId, createdAt } = row
  return { id, position: 0, operation: 'INSERT', schema, table, tenantId, row, oldRow: undefined, recordedAt: createdAt }
}
