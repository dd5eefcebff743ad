import { uuidv7 } from '../ids/index.ts'
import type { CommandOutcome, CommandWorkerInfo, StoredCommand } from '../ports/index.ts'
import { Wake } from '../subscriptions/wake.ts'
import { admitRawCommands } from './admit-raw-commands.ts'
import { byAggregate } from './by-aggregate.ts'
import { resolveCommandWorkerOptions, type CommandWorkerOptions, type ResolvedCommandWorkerOptions } from './command-worker-options.ts'
import { HandledTypes } from './handled-types.ts'
import { refuseUnknownCommands } from './refuse-unknown-commands.ts'
import { runCommand } from './run-command.ts'
import { returned, runInOrder } from './run-in-order.ts'
import { settleOutcomes, type Unsettled } from './settle-outcomes.ts'
import { UnbrokenBeats } from './unbroken-beats.ts'

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
  readonly #handled: HandledTypes
  readonly #beats: UnbrokenBeats
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
    this.#handled = new HandledTypes(this.#options)
    this.#beats = new UnbrokenBeats(this.#options.leaseMs)
  }

  /** As it is now: handlers may be registered while the worker runs. */
  get info(): CommandWorkerInfo {
    return { id: this.#id, label: this.#options.label, types: this.#handled.known }
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
    const { due, leaseMs, unownedAfterMs, unknownTypeGraceMs, logger } = this.#options
    let given: number
    try {
      given = await due.beat(this.info, leaseMs, unownedAfterMs)
      this.#beats.beat()
    } catch (error) {
      this.#beats.failed()
      throw error
    }
    if (given > 0) logger.warn(`${given} commands of workers that died were given back.`, { commands: given })
    await this.#handled.askAboutWaiting(due, rawAtOnce)
    await refuseUnknownCommands({ ...this.#options, isHandled: this.#handled.isHandled }, this.#beats, unknownTypeGraceMs, rawAtOnce)
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
    const admitted = raw && (await admitRawCommands({ ...this.#options, isHandled: this.#handled.isHandled }, this.info.types, rawAtOnce))
    return admitted || commands.length > 0
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

  async #runGroup(group: readonly StoredCommand[]): Promise<void> {
    const { bus, runGroup, logger } = this.#options
    if (runGroup !== undefined) {
      const ended = this.#stopping.signal.aborted ? group.map(returned) : await runGroup(group)
      await this.#fault('dispatched')
      return this.#settle(ended)
    }
    const run = async (stored: StoredCommand, behind: readonly StoredCommand[]): Promise<CommandOutcome> => {
      const outcome = await runCommand(bus, stored, this.#options, behind)
      await this.#fault('dispatched')
      return outcome
    }
    this.#settle(await runInOrder(group, { run, stopping: this.#stopping.signal, logger }))
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
      let unsettled: Unsettled | undefined
      try {
        await this.#fault('settling')
        unsettled = await settleOutcomes(due, this.info.id, outcomes, logger)
        if (unsettled === undefined) await this.#fault('settled')
      } catch {
        return false
      }
      const { left, error } = unsettled ?? { left: [], error: undefined }
      this.#held -= outcomes.length - left.length
      this.#wake.ring()
      if (unsettled === undefined) {
        failures = 0
        continue
      }
      failures++
      this.#outcomes = [...left, ...this.#outcomes]
      logger.warn('The outcomes of commands could not be stored; they are kept.', { error, commands: this.#outcomes.length })
      // They are in the log. Whoever gets the commands when this worker has not beaten for its lease finds them there.
      if (this.#stopping.signal.aborted && failures > 3) return false
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs * 2 ** failures, 5_000)))
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
