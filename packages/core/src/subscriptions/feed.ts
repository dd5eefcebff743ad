import type { HintsPort } from '../ports/hints.port.ts'
import type { LogReaderPort } from '../ports/log-reader.port.ts'
import type { LoggerPort } from '../ports/logger.port.ts'
import { FeedQueue } from './feed-queue.ts'
import { outageDelay } from './retry-delay.ts'
import { Wake } from './wake.ts'

interface FeedParts {
  readonly reader: LogReaderPort
  readonly hints: HintsPort
  readonly logger: LoggerPort
  readonly pollMs: number
  readonly pageSize: number
  /** Before the first retry of a read that failed, milliseconds. */
  readonly outageMs: number
  /** Told of each read. */
  readonly read?: ((events: number, ms: number) => void) | undefined
}

interface Joiner {
  readonly after: number
  readonly queue: FeedQueue
  readonly admitted: PromiseWithResolvers<boolean>
}

/**
 * The one reader of the log's head in a process: it reads once what all runners at the head need, and hands it out in memory. It
 * wakes every `pollMs`, or at a hint; a hint during a read makes one more read. While nobody is at the head it reads nothing.
 */
export class Feed {
  readonly #parts: FeedParts
  readonly #queues = new Set<FeedQueue>()
  readonly #joiners: Joiner[] = []
  readonly #wake = new Wake()
  #position = 0
  #running: Promise<void> | undefined
  #stopListening: (() => void) | undefined
  #stopping = false
  #failure: unknown
  #lastReadAt: number | undefined

  constructor(parts: FeedParts) {
    this.#parts = parts
  }

  /** Everything up to here was handed out. */
  get position(): number {
    return this.#position
  }

  /** How many runners are at the head. */
  get attached(): number {
    return this.#queues.size
  }

  /** Why the last read failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** When the log was last read, by the monotonic clock. */
  get lastReadAt(): number | undefined {
    return this.#lastReadAt
  }

  start(): void {
    this.#stopListening ??= this.#parts.hints.listen(() => this.#wake.ring())
    this.#running ??= this.#run()
  }

  /** Reads at once. */
  nudge(): void {
    this.#wake.ring()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#stopListening?.()
    this.#wake.ring()
    await this.#running
    for (const { admitted } of this.#joiners.splice(0)) admitted.resolve(false)
  }

  /**
   * Attaches a runner that has handled everything up to `after`: what it takes from the queue goes on from there, without a gap;
   * a page may begin before `after`. Undefined when it is more than a page behind.
   * @throws what the reader throws
   */
  async join(after: number, types: readonly string[] | undefined, maxEvents: number, arrived: () => void): Promise<FeedQueue | undefined> {
    if (this.#stopping) return undefined
    const joiner: Joiner = { after, queue: new FeedQueue(types, maxEvents, arrived), admitted: Promise.withResolvers() }
    this.#joiners.push(joiner)
    this.#wake.ring()
    return (await joiner.admitted.promise) ? joiner.queue : undefined
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopping) {
      await this.#admit()
      this.#drop()
      if (this.#queues.size === 0) {
        await this.#wake.wait()
        continue
      }
      try {
        const more = await this.#readOnce()
        if (failures > 0) this.#parts.logger.info('The log can be read again.')
        failures = 0
        this.#failure = undefined
        if (!more && !this.#stopping) await this.#wake.wait(this.#parts.pollMs)
      } catch (error) {
        failures++
        this.#failure = error
        if (failures === 1) this.#parts.logger.warn('The log cannot be read; this is tried again until it can.', { error })
        await this.#pause(outageDelay(this.#parts.outageMs, failures))
      }
    }
  }

  /** Only between two reads, so that a page that is under way with fewer types reaches nobody who needs more. */
  async #admit(): Promise<void> {
    for (;;) {
      const joiner = this.#joiners.shift()
      if (joiner === undefined) return
      try {
        joiner.admitted.resolve(await this.#attach(joiner))
      } catch (error) {
        joiner.admitted.reject(error)
      }
    }
  }

  async #attach({ after, queue }: Joiner): Promise<boolean> {
    this.#drop()
    if (this.#queues.size === 0) {
      this.#position = after
    } else if (after < this.#position) {
      // The others read on while it came: what it missed is read for it alone, a page at most, and nobody reads meanwhile.
      const { reader, pageSize } = this.#parts
      const missed = await reader.read({ after, upTo: this.#position, limit: pageSize, types: queue.types })
      if (missed.next < this.#position) {
        if (missed.next < missed.horizon) return false
        // The feed stands beyond the end of the log, where its first runner was told to begin. Back to the end: runners pass over
        // what is behind them.
        this.#position = missed.next
      }
      queue.offer(missed)
    }
    this.#queues.add(queue)
    return true
  }

  /** True when there is more to read at once. */
  async #readOnce(): Promise<boolean> {
    const { reader, pageSize, read } = this.#parts
    const after = this.#position
    const started = performance.now()
    const page = await reader.read({ after, limit: pageSize, types: this.#types() })
    this.#lastReadAt = performance.now()
    read?.(page.events.length, this.#lastReadAt - started)
    if (page.next <= after) return false
    this.#position = page.next
    for (const queue of this.#queues) queue.offer(page)
    return page.next < page.horizon
  }

  #types(): readonly string[] | undefined {
    const all = new Set<string>()
    for (const { types } of this.#queues) {
      if (types === undefined) return undefined
      for (const type of types) all.add(type)
    }
    return [...all].toSorted()
  }

  #drop(): void {
    for (const queue of this.#queues) if (!queue.attached) this.#queues.delete(queue)
  }

  /** Hints do not shorten it: they would make a storm of reads that fail. */
  async #pause(ms: number): Promise<void> {
    const end = performance.now() + ms
    for (let left = ms; left > 0 && !this.#stopping; left = end - performance.now()) await this.#wake.wait(left)
  }
}
