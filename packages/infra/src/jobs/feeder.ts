import {
  admitRawCommands,
  refuseUnknownCommands,
  UnbrokenBeats,
  uuidv7,
  Wake,
  type CommandTypes,
  type CommandWorkerInfo,
  type DueCommandsPort,
  type HandledTypes,
  type HintsPort,
  type LoggerPort,
} from '@cairn/core'
import type { HandedCommands } from './handed-commands.ts'
import type { HandOver } from './hand-over.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

const rawAtOnce = 100
/** What was handed over so short ago is no orphan, milliseconds. */
const orphanGraceMs = 10_000

export interface FeederParts {
  readonly due: DueCommandsPort
  readonly registry: CommandTypes
  readonly handledTypes: HandledTypes
  readonly hints: Pick<HintsPort, 'listen'> | undefined
  readonly handOver: HandOver
  readonly handed: HandedCommands
  /** Owns what was handed over, for all processes of the scheduler. */
  readonly owner: string
  /** What this process is called in lists. */
  readonly label: string
  readonly jobsSchema: string
  readonly options: ResolvedPgBossOptions
  /** Called after a hand-over. */
  readonly handedOver: () => void
  readonly logger: LoggerPort
}

/** Hands due commands over to pg-boss as they come, says that this process lives, and sees to what is left over. */
export class Feeder {
  readonly #parts: FeederParts
  readonly #wake = new Wake()
  readonly #stopping = new AbortController()
  readonly #id = uuidv7()
  readonly #beats: UnbrokenBeats
  #loop: Promise<void> | undefined

  constructor(parts: FeederParts) {
    this.#parts = parts
    this.#beats = new UnbrokenBeats(parts.options.leaseMs)
  }

  /** As it is now: handlers may be registered while the scheduler runs. */
  get #info(): CommandWorkerInfo {
    const { label, handledTypes } = this.#parts
    return { id: this.#id, label, types: handledTypes.known }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** There may be something to hand over. */
  ring(): void {
    this.#wake.ring()
  }

  /** Hands nothing over any more. What was handed over stays with pg-boss. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake.ring()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { hints, options, logger } = this.#parts
    const { pollMs, leaseMs } = options
    const { signal } = this.#stopping
    const unlisten = hints?.listen(() => this.#wake.ring())
    const beatEveryMs = Math.min(leaseMs / 3, 5_000)
    let beatAt = 0
    let failures = 0
    try {
      while (!signal.aborted) {
        let more = false
        try {
          if (performance.now() >= beatAt) {
            beatAt = performance.now() + beatEveryMs
            await this.#beat()
          }
          more = await this.#handOver()
          failures = 0
        } catch (error) {
          failures++
          logger.warn('Commands cannot be handed over; it is tried again.', { error, failures })
        }
        if (!more) await this.#wake.wait(Math.min(pollMs * Math.min(2 ** failures, 16), Math.max(1, beatAt - performance.now())))
      }
    } finally {
      unlisten?.()
      await this.#leave()
    }
  }

  /** True when there may be more at once. */
  async #handOver(): Promise<boolean> {
    const { handOver, handledTypes, options, due, registry, logger, handedOver } = this.#parts
    const info = this.#info
    const { commands, raw } = await handOver.next(info, options.handOver, options.maxWaitingJobs)
    if (commands > 0) handedOver()
    const admitted = raw && (await admitRawCommands({ due, registry, isHandled: handledTypes.isHandled, logger }, info.types, rawAtOnce))
    return admitted || commands > 0
  }

  async #beat(): Promise<void> {
    const { due, owner, options, registry, handledTypes, handed, jobsSchema, logger } = this.#parts
    // First: while it has not beaten, what was handed over counts as a dead worker's, and the next beat would give it back.
    let given: number
    try {
      await due.beat({ id: owner, label: 'pg-boss', types: [] }, options.leaseMs)
      given = await due.beat(this.#info, options.leaseMs)
      this.#beats.beat()
    } catch (error) {
      this.#beats.failed()
      throw error
    }
    if (given > 0) logger.warn(`${given} commands of workers that died were given back.`, { commands: given })
    const orphans = await handed.giveBackOrphans(jobsSchema, options.queue, orphanGraceMs)
    if (orphans > 0) logger.warn(`${orphans} commands whose jobs are gone were given back.`, { commands: orphans })
    await handledTypes.askAboutWaiting(due, rawAtOnce)
    const parts = { due, registry, isHandled: handledTypes.isHandled, logger }
    await refuseUnknownCommands(parts, this.#beats, options.unknownTypeGraceMs, rawAtOnce)
  }

  async #leave(): Promise<void> {
    const { due, logger } = this.#parts
    try {
      await due.leave(this.#id)
    } catch (error) {
      logger.warn('The scheduler could not say that it leaves; its lease will run out.', { error })
    }
  }
}
