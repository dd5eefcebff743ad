import { setTimeout as delay } from 'node:timers/promises'
import {
  isLeaseLost,
  RebuildHeldError,
  type Consumer,
  type Generation,
  type LogReadPage,
  type RecordedEvent,
  type StoredFailure,
  type UnreadDetails,
} from '@cairn/core'
import { consumerOf } from './consumer-of.ts'
import { Feeder } from './feeder.ts'
import { KnownAbsent } from './known-absent.ts'
import { PartitionEvents } from './partition-events.ts'
import type { RebuildPlan } from './plan.ts'
import type { RebuildPhase } from './progress.ts'
import type { Run } from './run.ts'

/** How often a partition that another process holds is asked for. */
const askEveryMs = 200

export interface GenerationBuildOptions {
  /** Only this tenant's events. */
  readonly tenantId?: string | undefined
  /** Says nothing of its progress. @default false */
  readonly silent?: boolean
}

/** One generation that is being built: its partitions, and how far they are. */
export class GenerationBuild {
  readonly plan: RebuildPlan
  readonly generation: Generation
  readonly tenantId: string | undefined
  readonly types: readonly string[]
  readonly #run: Run
  readonly #consumer: Consumer
  readonly #events: PartitionEvents
  readonly #feeders: readonly Feeder[]
  readonly #silent: boolean
  readonly #startedAt = performance.now()
  #flushedAt = performance.now()
  #phase: RebuildPhase = 'preparing'
  #isOpen = false
  #wantsDetails = false
  #start: number | undefined
  #horizon = 0

  constructor(run: Run, plan: RebuildPlan, generation: Generation, { tenantId, silent = false }: GenerationBuildOptions = {}) {
    this.#run = run
    this.plan = plan
    this.generation = generation
    this.tenantId = tenantId
    this.#silent = silent
    this.#horizon = plan.horizon
    const absent = new KnownAbsent()
    const { cacheRows, cacheBytes } = run.options.tuning
    const partitionBytes = cacheBytes / plan.definition.partitions
    const consumer = consumerOf(plan.definition, generation, absent.around(run.host.rows), { cacheRows, cacheBytes: partitionBytes })
    this.#consumer = consumer
    this.types = plan.definition.types
    this.#events = new PartitionEvents(consumer, this.types, (event) => run.host.lift(event))
    this.#feeders = Array.from(
      { length: consumer.spec.partitions },
      (_, partition) =>
        new Feeder({
          host: run.host,
          keeper: run.keeper,
          consumer,
          partition,
          partitionEvents: this.#events,
          absent,
          tenantId,
          parks: run.options.park === true,
          signal: run.options.signal,
        }),
    )
  }

  /** Everything up to here is handled by every partition. */
  get position(): number {
    return Math.min(...this.#feeders.map((feeder) => feeder.position))
  }

  get events(): number {
    return this.#feeders.reduce((sum, feeder) => sum + feeder.events, 0)
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  get flushIsDue(): boolean {
    const { maxPendingRows, flushEveryMs } = this.#run.options.tuning
    const pending = this.#feeders.reduce((sum, feeder) => sum + feeder.pending, 0)
    return pending >= maxPendingRows || performance.now() - this.#flushedAt >= flushEveryMs
  }

  /** Takes every partition that it has not yet. @throws RebuildHeldError when another process does not give one up */
  async open(): Promise<void> {
    if (this.#isOpen) return
    const { key } = this.#consumer.spec
    const { subscriptions } = this.#run.host
    const status = await subscriptions.get(key)
    if (status?.partitions.some(({ state }) => state === 'failed' || state === 'paused') === true)
      await subscriptions.control(key, 'rebuilding')
    const until = performance.now() + this.#run.options.tuning.leaseMs * 2
    for (const feeder of this.#feeders) {
      while (!(await feeder.open())) {
        if (performance.now() > until || this.#run.options.signal.aborted) throw await this.#held()
        await delay(askEveryMs)
      }
    }
    this.#isOpen = true
    this.#start ??= this.position
    this.#flushedAt = performance.now()
  }

  /** No partition goes beyond its position of these. */
  holdAt(positions: readonly number[]): void {
    for (const [i, feeder] of this.#feeders.entries()) feeder.holdAt = positions[i]
  }

  /** True while a partition may still be fed. */
  get isBehind(): boolean {
    return this.#feeders.some((feeder) => feeder.position < (feeder.holdAt ?? Number.POSITIVE_INFINITY))
  }

  /** @param unread stands for what of the page's events was not read; the page does not count once it is wanted */
  async handle(page: LogReadPage, unread?: UnreadDetails): Promise<void> {
    this.#horizon = page.horizon
    const shares = this.#split(page)
    if (unread?.wanted === true) return
    for (const [partition, feeder] of this.#feeders.entries()) {
      const share = shares?.[partition]
      await (share === undefined ? feeder.search(page.next) : feeder.handle(share, page.next, unread))
    }
    this.report()
  }

  /** True when its handlers look at metadata or times. */
  get wantsDetails(): boolean {
    return this.#wantsDetails
  }

  /** Begins again behind its last commit, with metadata and times. */
  rewindForDetails(): void {
    this.#wantsDetails = true
    for (const feeder of this.#feeders) feeder.rewind()
  }

  /** Writes what waits in memory, with the checkpoints. */
  async commit(): Promise<void> {
    // All must be settled before the first failure is told: the partitions are closed then.
    const results = await Promise.allSettled(this.#feeders.map((feeder) => feeder.commit()))
    this.#flushedAt = performance.now()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  enter(phase: RebuildPhase): void {
    this.#phase = phase
    this.report()
  }

  report(): void {
    if (this.#silent) return
    const { position } = this
    this.#run.options.onProgress?.({
      projection: this.plan.projection,
      phase: this.#phase,
      start: this.#start ?? position,
      position,
      horizon: Math.max(this.#horizon, position),
      events: this.events,
      lag: Math.max(0, this.#horizon - position),
      throttled: this.#run.throttle.active,
    })
  }

  /** Leaves the reason in the database, for `--status`. */
  async fail(failure: StoredFailure): Promise<void> {
    for (const feeder of this.#feeders) await feeder.fail(failure)
  }

  /** The build is visible: whoever runs this definition feeds it from now on. */
  async handOver(): Promise<void> {
    const { host } = this.#run
    try {
      for (const { lease } of this.#feeders) if (lease !== undefined) await host.subscriptions.markState(lease, 'catching-up')
    } catch (error) {
      // Somebody feeds it already.
      if (!isLeaseLost(error)) throw error
    }
    await this.close()
  }

  /** Gives the partitions back. What was not committed is forgotten. */
  async close(): Promise<void> {
    this.#isOpen = false
    const leases = this.#feeders.flatMap((feeder) => feeder.lease ?? [])
    for (const feeder of this.#feeders) feeder.close()
    await this.#run.keeper.release(leases)
  }

  /** Undefined when an event cannot be lifted: each partition then finds its own. */
  #split({ events }: LogReadPage): readonly (readonly RecordedEvent[])[] | undefined {
    try {
      return this.#events.split(events)
    } catch {
      return undefined
    }
  }

  async #held(): Promise<RebuildHeldError> {
    const status = await this.#run.host.subscriptions.get(this.#consumer.spec.key)
    const owner = status?.partitions.find((partition) => partition.owner !== undefined)?.owner
    return new RebuildHeldError(this.plan.projection, this.generation.generation, owner)
  }
}
