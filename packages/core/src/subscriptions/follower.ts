import type { RecordedEvent } from '../contracts/event.ts'
import { isNewer } from '../errors/is-newer.ts'
import type { LogReaderPort, LogReadPage } from '../ports/log-reader.port.ts'
import type { LoggerPort } from '../ports/logger.port.ts'
import type { Feed } from './feed.ts'
import { PageSource } from './page-source.ts'
import { outageDelay } from './retry-delay.ts'
import { Wake } from './wake.ts'

export interface FollowOptions {
  /** What stands behind this position comes. */
  readonly after: number
  /** @default every type */
  readonly types?: readonly string[] | undefined
  /**
   * Gets the events in the order of the log, in portions, one after another. Where it fails the portion is given to it again, until it
   * does not, or the follower is stopped.
   */
  readonly handle: (events: readonly RecordedEvent[]) => void | Promise<void>
}

interface FollowerParts {
  readonly feed: Feed
  readonly reader: LogReaderPort
  readonly lift: (event: RecordedEvent) => RecordedEvent
  readonly knows: (type: string) => boolean
  readonly logger: LoggerPort
  readonly pageSize: number
  readonly outageMs: number
}

/** How soon it looks again where the log has more than it may read yet. */
const aheadOfHorizonMs = 20

/**
 * Reads the log for this process alone: nothing of it is stored, so each process that follows sees every event. For what lives and
 * dies with the process, as the clients that are connected to it. Events of types, or of newer schema versions, that the code does not
 * know come as they are stored.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #options: FollowOptions
  readonly #wanted: ReadonlySet<string> | undefined
  readonly #source: PageSource
  readonly #wake = new Wake()
  readonly #running: Promise<void>
  #position: number
  #stopping = false

  constructor(parts: FollowerParts, options: FollowOptions) {
    const { feed, reader, pageSize } = parts
    const { after, types } = options
    this.#parts = parts
    this.#options = options
    this.#position = after
    this.#wanted = types === undefined ? undefined : new Set(types)
    const read = (position: number): Promise<LogReadPage> => reader.read({ after: position, limit: pageSize, types })
    this.#source = new PageSource({ feed, types, read, maxQueued: 4 * pageSize, arrived: () => this.#wake.ring() }, after)
    this.#running = this.#run()
  }

  /** Everything up to here was handled. */
  get position(): number {
    return this.#position
  }

  /** Lets the portion that is being handled end. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#source.close()
    this.#wake.ring()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const page = await this.#untilItWorks('The log cannot be read by a follower', () => this.#source.next())
      if (page === undefined) await this.#wake.wait(this.#source.attached ? undefined : aheadOfHorizonMs)
      else await this.#handle(page)
    }
  }

  async #handle({ events, next }: LogReadPage): Promise<void> {
    // A page may begin before what was asked for, and hold what others at the head need.
    const own = events.filter(({ position, type }) => position > this.#position && (this.#wanted?.has(type) ?? true))
    if (own.length > 0) {
      await this.#untilItWorks('What a follower does with events failed', async () => {
        await this.#options.handle(own.map((event) => this.#lift(event)))
      })
    }
    if (!this.#stopping) this.#position = Math.max(this.#position, next)
  }

  #lift(event: RecordedEvent): RecordedEvent {
    const { lift, knows } = this.#parts
    if (!knows(event.type)) return event
    try {
      return lift(event)
    } catch (error) {
      // No other process serves this one's clients, and all that comes behind it would wait.
      if (isNewer(error)) return event
      throw error
    }
  }

  /** Undefined when it was stopped before it worked. */
  async #untilItWorks<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const { logger, outageMs } = this.#parts
    for (let failures = 1; !this.#stopping; failures++) {
      try {
        return await work()
      } catch (error) {
        logger.warn(`${what}; it is tried again.`, { error, failures })
        await this.#pause(outageDelay(outageMs, failures))
      }
    }
    return undefined
  }

  /** Hints do not shorten it. */
  async #pause(ms: number): Promise<void> {
    const end = performance.now() + ms
    for (let left = ms; left > 0 && !this.#stopping; left = end - performance.now()) await this.#wake.wait(left)
  }
}
