import { StoppedError } from '../errors/infrastructure.ts'
import { InvalidInputError } from '../errors/input.ts'
import { uuidv7 } from '../ids/uuid.ts'
import type { SubscriptionKey, SubscriptionStatus } from '../ports/subscription-store.port.ts'
import type { Consumer } from './consumer.ts'
import { ConsumerEntry } from './consumer-entry.ts'
import { resolveEngineOptions, type ResolvedEngineOptions, type SubscriptionEngineOptions } from './engine-options.ts'
import type { EngineStatus, RunningPartition, SubscriptionReport } from './engine-status.ts'
import { EngineTelemetry } from './engine-telemetry.ts'
import { Feed } from './feed.ts'
import { Follower, type FollowOptions } from './follower.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { ProgressBook } from './progress-book.ts'
import { keyText } from './subscription-name.ts'
import { waitForPosition, type WaitOptions } from './wait.ts'

/**
 * Runs consumers over the log: one for each process. Processes share the partitions out among themselves; when one dies, the
 * others take over what it ran.
 */
export class SubscriptionEngine {
  /** New at each start. */
  readonly memberId = uuidv7()
  readonly #options: ResolvedEngineOptions
  readonly #entries = new Map<string, ConsumerEntry>()
  readonly #progress = new ProgressBook()
  readonly #telemetry: EngineTelemetry
  readonly #feed: Feed
  readonly #keeper: LeaseKeeper
  readonly #followers = new Set<Follower>()
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** @throws InvalidInputError naming the option */
  constructor(options: SubscriptionEngineOptions) {
    const resolved = resolveEngineOptions(options)
    const { reader, hints, logger, pollMs, pageSize, outageMs, store } = resolved
    this.#options = resolved
    this.#telemetry = new EngineTelemetry(resolved.observer, logger, resolved.slowHandlerMs)
    this.#feed = new Feed({ reader, hints, logger, pollMs, pageSize, outageMs, read: (events, ms) => this.#logRead('feed', events, ms) })
    this.#keeper = new LeaseKeeper({
      options: resolved,
      store,
      telemetry: this.#telemetry,
      progress: this.#progress,
      feed: this.#feed,
      entries: this.#entries,
      memberId: this.memberId,
    })
  }

  /**
   * Stores the consumer's subscription, or compares what is stored, and runs it once the engine is started. One that was detached
   * goes on.
   * @throws SubscriptionChangedError, SubscriptionVersionError, SubscriptionPartitionsError
   * @throws InvalidInputError when it is here already
   */
  async add(consumer: Consumer): Promise<SubscriptionStatus> {
    this.#assertNotStopped()
    const { spec } = consumer
    const id = keyText(spec.key)
    this.#assertNew(id)
    const { store } = this.#options
    let status = await store.register(spec)
    if (status.partitions.some(({ state }) => state === 'detached')) {
      await store.control(spec.key, 'catching-up')
      status = (await store.get(spec.key)) ?? status
    }
    this.#assertNotStopped()
    this.#assertNew(id)
    for (const { state, failure } of status.partitions) consumer.observe?.(state, failure)
    this.#entries.set(id, new ConsumerEntry(consumer, this.#options, (events, ms) => this.#logRead('catch-up', events, ms)))
    this.#keeper.nudge()
    return status
  }

  /** Ends a consumer in this process; what is stored of it stays. */
  async remove(key: SubscriptionKey): Promise<void> {
    const entry = this.#entries.get(keyText(key))
    if (entry === undefined) return
    this.#entries.delete(entry.id)
    await this.#keeper.endRunners(entry)
    this.#keeper.nudge()
  }

  /** Reads the log for this process alone, until it is stopped, or the engine is. Needs no start of the engine. */
  follow(options: FollowOptions): { readonly position: number; stop(): Promise<void> } {
    this.#assertNotStopped()
    this.#feed.start()
    const follower = new Follower({ ...this.#options, feed: this.#feed }, options)
    this.#followers.add(follower)
    return {
      get position() {
        return follower.position
      },
      stop: async () => {
        await follower.stop()
        this.#followers.delete(follower)
      },
    }
  }

  /** Begins to run. Ends when the first heartbeat was tried; an engine whose database is away goes on trying. */
  async start(): Promise<void> {
    this.#assertNotStopped()
    this.#feed.start()
    this.#started ??= this.#keeper.start()
    await this.#started
  }

  /**
   * Ends all runners, gives their leases back and leaves the list of members.
   * @param options drain: true finishes and commits the batches that are under way; false drops them, also those that an earlier
   *   call still waits for. @default true
   */
  stop({ drain = true }: { readonly drain?: boolean } = {}): Promise<void> {
    if (!drain && this.#stopped !== undefined) this.#keeper.cut()
    this.#stopped ??= this.#stop(drain)
    return this.#stopped
  }

  /**
   * Waits until subscriptions, of this process or another, have handled everything up to a position and its effects are visible.
   * @throws WaitTimeoutError, UnknownSubscriptionError, the signal's reason
   */
  waitFor(position: number, subscriptions: readonly (string | SubscriptionKey)[], options: WaitOptions = {}): Promise<void> {
    const parts = {
      store: this.#options.store,
      progress: this.#progress,
      known: () => [...this.#entries.values()].map(({ consumer }) => consumer.spec.key),
      nudge: () => {
        if (position > this.#feed.position) this.#feed.nudge()
      },
    }
    return waitForPosition(parts, position, subscriptions, options)
  }

  /** Every stored subscription, and how this process stands. */
  async status(): Promise<EngineStatus> {
    const { reader, store, label } = this.#options
    const [head, stored] = await Promise.all([reader.head(), store.list()])
    const { position, attached, lastReadAt, failure } = this.#feed
    return {
      memberId: this.memberId,
      label,
      running: this.#started !== undefined && this.#stopped === undefined,
      head,
      feed: {
        position,
        attached,
        lastReadAgoMs: lastReadAt === undefined ? undefined : performance.now() - lastReadAt,
        failure: failure === undefined ? undefined : failure instanceof Error ? failure.message : String(failure),
      },
      subscriptions: stored.map((status) => this.#report(status, head.horizon)),
    }
  }

  /** Has the log read and the leases looked after now. */
  nudge(): void {
    this.#feed.nudge()
    this.#keeper.nudge()
  }

  /** Stops a subscription everywhere, until resumed; here it has stopped when this ends. @throws IllegalStateError, UnknownSubscriptionError */
  async pause(key: SubscriptionKey): Promise<void> {
    await this.#options.store.control(key, 'paused')
    const entry = this.#entries.get(keyText(key))
    if (entry !== undefined) await this.#keeper.endRunners(entry)
  }

  /**
   * Goes on with one that is paused, failed or retired.
   * @param to 'rebuilding' for a generation that was being built
   * @throws IllegalStateError, UnknownSubscriptionError
   */
  async resume(key: SubscriptionKey, to: 'catching-up' | 'rebuilding' = 'catching-up'): Promise<void> {
    await this.#options.store.control(key, to)
    this.#entries.get(keyText(key))?.forget()
    this.nudge()
  }

  /** Moves a paused subscription's checkpoints; its parked events are forgotten. @throws IllegalStateError, UnknownSubscriptionError */
  async reset(key: SubscriptionKey, position: number): Promise<void> {
    await this.#options.store.reset(key, position)
    this.#entries.get(keyText(key))?.forget()
    this.nudge()
  }

  /** Asks the holders to try parked events again, all or those at the positions, and then what waits behind them. Answers how many were asked for. */
  retryParked(key: SubscriptionKey, positions?: readonly number[]): Promise<number> {
    return this.#request(key, 'retry', positions)
  }

  /** Asks the holders to forget parked events, all or those at the positions, and to go on with what waits behind them. */
  discardParked(key: SubscriptionKey, positions?: readonly number[]): Promise<number> {
    return this.#request(key, 'discard', positions)
  }

  async #request(key: SubscriptionKey, what: 'retry' | 'discard', positions: readonly number[] | undefined): Promise<number> {
    const { store } = this.#options
    const count = await (positions === undefined ? store.request(key, what) : store.request(key, what, positions))
    this.#keeper.nudge()
    return count
  }

  async #stop(drain: boolean): Promise<void> {
    await Promise.all([...this.#followers].map((follower) => follower.stop()))
    await this.#keeper.stop(drain)
    await this.#feed.stop()
  }

  #report(status: SubscriptionStatus, horizon: number): SubscriptionReport {
    const id = keyText(status.key)
    const entry = this.#entries.get(id)
    const here = this.#keeper.runners
      .filter(({ lease }) => keyText(lease.key) === id)
      .map(({ lease: { partition }, state, position, failure }): RunningPartition => ({ partition, state, position, failure }))
      .toSorted((a, b) => a.partition - b.partition)
    const furthest = Math.min(
      horizon,
      ...status.partitions.map(({ partition, checkpoint }) => Math.max(checkpoint, this.#progress.get(id, partition) ?? 0)),
    )
    return {
      ...status,
      known: entry !== undefined,
      standsBack: entry?.standsBack ?? false,
      lag: status.kind === 'pump' && entry === undefined ? 0 : horizon - furthest,
      here,
      latency: this.#telemetry.latency(status.key),
      retries: this.#telemetry.retries(status.key),
    }
  }

  #logRead(by: 'feed' | 'catch-up', events: number, ms: number): void {
    this.#telemetry.tell((observer) => observer.logRead?.({ by, events, ms }))
  }

  #assertNew(id: string): void {
    if (this.#entries.has(id)) throw new InvalidInputError('name', `This process runs subscription ${id} already.`)
  }

  #assertNotStopped(): void {
    if (this.#stopped !== undefined) throw new StoppedError('The subscription engine')
  }
}
