import { UnknownTypeError } from '../errors/index.ts'
import { uuidv7 } from '../ids/index.ts'
import type { CommandOutcome, CommandWorkerInfo, RawCommand, RefusedCommand, StoredCommand } from '../ports/index.ts'
import { nearest } from '../registry/nearest.ts'
import { Wake } from '../subscriptions/wake.ts'
import { admitCommand } from './admit-command.ts'
import { commandFailure } from './command-failure.ts'
import { resolveCommandWorkerOptions, type CommandWorkerOptions, type ResolvedCommandWorkerOptions } from './command-worker-options.ts'
import { runCommand } from './run-command.ts'

const rawAtOnce = 100

/**
 * Carries out what is due, of all tenants: several aggregates at once, the commands of each in order.
 *
 * A command takes effect once, whatever happens to the worker: its receipt is in the log with its events, so whoever runs it again
 * finds them. The row says `processed` or `failed` afterwards; where the worker dies in between, its heart stops, another one
 * gets the command, and its row ends as it should.
 */
export class CommandWorker {
  readonly #id = uuidv7()
  readonly #options: ResolvedCommandWorkerOptions
  readonly #wake = new Wake()
  readonly #stopping = new AbortController()
  /** Runs of aggregates' commands that are under way, by their promise. */
  readonly #running = new Set<Promise<void>>()
  readonly #waiting: (readonly StoredCommand[])[] = []
  #held = 0
  #outcomes: CommandOutcome[] = []
  #settling: Promise<void> | undefined
  #loop: Promise<void> | undefined
  #dead = false

  constructor(options: CommandWorkerOptions) {
    this.#options = resolveCommandWorkerOptions(options)
  }

  /** As it is now: handlers may be registered while the worker runs. */
  get info(): CommandWorkerInfo {
    const { registry, bus, types, label } = this.#options
    return { id: this.#id, label, types: [...new Set([...registry.commandTypes, ...(bus.handlers?.types ?? []), ...types])].toSorted() }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Takes nothing new, lets what is under way end, and gives the rest back. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake.ring()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { hints, pollMs, leaseMs, logger } = this.#options
    const unlisten = hints?.listen(() => this.#wake.ring())
    const { signal } = this.#stopping
    let beatAt = 0
    let failures = 0
    try {
      while (!signal.aborted) {
        let more = false
        try {
          if (performance.now() >= beatAt) {
            beatAt = performance.now() + leaseMs / 3
            await this.#beat()
          }
          more = await this.#claim()
          failures = 0
        } catch (error) {
          if (this.#dead) return
          failures++
          logger.warn('The command worker cannot take commands now; it goes on trying.', { error, failures })
        }
        if (!more) await this.#wake.wait(Math.min(pollMs * Math.min(2 ** failures, 16), Math.max(1, beatAt - performance.now())))
      }
    } finally {
      unlisten?.()
      if (!this.#dead) await this.#finish()
    }
  }

  /** Says that this worker lives, and ends what no living worker will ever carry out. */
  async #beat(): Promise<void> {
    const { due, bus, leaseMs, unownedAfterMs, unknownTypeGraceMs, registry, logger } = this.#options
    const given = await due.beat(this.info, leaseMs, unownedAfterMs)
    if (given > 0) logger.warn(`${given} commands of workers that died were given back.`, { commands: given })
    // What handlers do not name they are asked about, as soon as it waits.
    if (bus.handlers?.open === true) for (const { type } of await due.unknown(0, rawAtOnce)) bus.handlers.handles(type)
    const unknown = (await due.unknown(unknownTypeGraceMs, rawAtOnce)).filter(({ type }) => bus.handlers?.handles(type) !== true)
    if (unknown.length === 0) return
    const refused = unknown.map(({ tenantId, id, type }): RefusedCommand => {
      const error = commandFailure(new UnknownTypeError('command', type, nearest(type, registry.commandTypes)))
      return { tenantId, id, error }
    })
    for (const { tenantId, id, error } of refused) logger.error(error.message, { tenantId, commandId: id, code: error.code })
    await due.refuse(refused)
  }

  /** True when there may be more to claim at once. */
  async #claim(): Promise<boolean> {
    const { due, batchSize, ready } = this.#options
    const room = batchSize - this.#held
    // Few at a time while much is under way: a claim costs a round trip.
    if (room < Math.ceil(batchSize / 4)) return false
    await ready?.()
    const { commands, raw } = await due.claimDue(this.info, room)
    await this.#fault('claimed')
    for (const group of byAggregate(commands)) this.#waiting.push(group)
    this.#held += commands.length
    this.#fill()
    const admitted = raw && (await this.#admit())
    return admitted || commands.length > 0
  }

  /** Completes rows that were written with SQL alone, or ends them. True when some may be claimed now. */
  async #admit(): Promise<boolean> {
    const { due, registry, bus, types: others, logger } = this.#options
    const raw = await due.raw(this.info.types, rawAtOnce)
    const refused: RefusedCommand[] = []
    const admitted = raw.flatMap((row: RawCommand) => {
      try {
        return admitCommand(registry, row, (type) => others.includes(type) || bus.handlers?.handles(type) === true)
      } catch (error) {
        const failure = commandFailure(error)
        logger.error(failure.message, { tenantId: row.tenantId, commandId: row.id, commandType: row.type, code: failure.code })
        refused.push({ tenantId: row.tenantId, id: row.id, error: failure })
        return []
      }
    })
    await due.admit(admitted)
    await due.refuse(refused)
    return raw.length > 0
  }

  /** Starts as many as may run. */
  #fill(): void {
    while (this.#running.size < this.#options.concurrency) {
      const group = this.#waiting.shift()
      if (group === undefined) return
      const run = this.#runGroup(group)
        .catch(() => undefined)
        .finally(() => {
          this.#running.delete(run)
          this.#fill()
        })
      this.#running.add(run)
    }
  }

  /** The commands of one aggregate in order. Behind one that is tried again later, the others wait. */
  async #runGroup(group: readonly StoredCommand[]): Promise<void> {
    const { bus, runGroup, logger } = this.#options
    if (runGroup !== undefined) {
      const ended = this.#stopping.signal.aborted ? group.map(returned) : await runGroup(group)
      await this.#fault('dispatched')
      return this.#settle(ended)
    }
    const outcomes: CommandOutcome[] = []
    for (const [i, stored] of group.entries()) {
      if (this.#stopping.signal.aborted) {
        outcomes.push(...group.slice(i).map(returned))
        break
      }
      const outcome = await runCommand(bus, stored, this.#options)
      await this.#fault('dispatched')
      outcomes.push(outcome)
      if (outcome.status === 'processed' || outcome.status === 'handed') continue
      const { id, tenantId, type } = stored.command
      const fields = { tenantId, commandId: id, commandType: type, attempts: stored.attempts, ...('error' in outcome ? outcome.error : {}) }
      if (outcome.status === 'failed') {
        logger.info('A stored command failed.', fields)
        continue
      }
      logger.warn('A stored command is tried again later.', { ...fields, afterMs: outcome.afterMs })
      outcomes.push(...group.slice(i + 1).map(returned))
      break
    }
    this.#settle(outcomes)
  }

  /** Those of one aggregate are settled in one statement: were they not, one that waits could be overtaken. */
  #settle(outcomes: readonly CommandOutcome[]): void {
    this.#outcomes.push(...outcomes)
    this.#settling ??= this.#flushAll()
  }

  async #flushAll(): Promise<void> {
    const through = await this.#flush()
    this.#settling = undefined
    // What came between its last look and now would lie here for good.
    if (through && this.#outcomes.length > 0) this.#settle([])
  }

  /** False when it gave up. */
  async #flush(): Promise<boolean> {
    const { due, pollMs, logger } = this.#options
    let failures = 0
    while (this.#outcomes.length > 0 && !this.#dead) {
      const outcomes = this.#outcomes
      this.#outcomes = []
      try {
        await this.#fault('settling')
        await due.settle(this.info.id, outcomes)
        await this.#fault('settled')
        failures = 0
        this.#held -= outcomes.length
        this.#wake.ring()
      } catch (error) {
        if (this.#dead) return false
        failures++
        this.#outcomes = [...outcomes, ...this.#outcomes]
        logger.warn('The outcomes of commands could not be stored; they are kept.', { error, commands: this.#outcomes.length })
        // They are in the log. Whoever gets the commands when this worker has not beaten for its lease finds them there.
        if (this.#stopping.signal.aborted && failures > 3) return false
        await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs * 2 ** failures, 5_000)))
      }
    }
    return !this.#dead
  }

  async #finish(): Promise<void> {
    const { due, logger } = this.#options
    this.#settle(this.#waiting.splice(0).flat().map(returned))
    while (this.#running.size > 0) await Promise.all(this.#running)
    while (this.#settling !== undefined) await this.#settling
    try {
      await due.leave(this.info.id)
    } catch (error) {
      logger.warn('The command worker could not say that it leaves; its lease will run out.', { error })
    }
  }

  /** @throws what the test throws there: from then on this worker does nothing any more, as after a kill */
  async #fault(point: Parameters<ResolvedCommandWorkerOptions['faults']>[0]): Promise<void> {
    if (this.#dead) throw new Error('This worker is dead.')
    try {
      await this.#options.faults(point)
    } catch (error) {
      this.#dead = true
      this.#waiting.length = 0
      this.#stopping.abort()
      this.#wake.ring()
      throw error
    }
  }
}

function returned({ command: { id, tenantId } }: StoredCommand): CommandOutcome {
  return { tenantId, id, status: 'returned', afterMs: 0 }
}

/** In the order of their first commands. */
function byAggregate(commands: readonly StoredCommand[]): readonly (readonly StoredCommand[])[] {
  const groups = new Map<string, StoredCommand[]>()
  for (const stored of commands) {
    const { tenantId, aggregateType, aggregateId } = stored.command
    const key = `${tenantId}\0${aggregateType}\0${aggregateId}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [stored])
    else group.push(stored)
  }
  return [...groups.values()]
}
