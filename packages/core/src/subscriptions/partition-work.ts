import { isCairnError } from '../errors/cairn-error.ts'
import type {
  EventToPark,
  Lease,
  Progress,
  StoredFailure,
  SubscriptionStorePort,
  SubscriptionTransaction,
  TakenLease,
} from '../ports/subscription-store.port.ts'
import { BatchSizer } from './batch-sizer.ts'
import type { CommitThresholds, Processor } from './consumer.ts'
import type { ConsumerEntry } from './consumer-entry.ts'
import type { ResolvedEngineOptions } from './engine-options.ts'
import type { EngineTelemetry } from './engine-telemetry.ts'
import { EventHandlingFailure } from './event-handling-failure.ts'
import type { SelectedEvent } from './event-selector.ts'
import { noFaults, type FaultPoint } from './fault-points.ts'
import type { Interruption } from './interruption.ts'
import type { ProgressBook } from './progress-book.ts'
import { BatchFailed, RunnerEnded } from './runner-end.ts'
import { isLeaseLost, isTransient } from './transient.ts'

export interface WorkParts {
  readonly options: ResolvedEngineOptions
  readonly store: SubscriptionStorePort
  readonly entry: ConsumerEntry
  readonly telemetry: EngineTelemetry
  readonly progress: ProgressBook
  /** How often a checkpoint that moved past events of others only is stored, milliseconds. */
  readonly lazyMs: () => number
  /** Throws when the lease is lost, whatever is waited for. */
  readonly gone: Interruption
  readonly signal: AbortSignal
}

/** How an event is handled. */
export interface Handling {
  readonly attempt: number
  readonly rebuilding: boolean
  /** True where the time until its effects are visible is measured. */
  readonly live: boolean
}

/** How long the effects of a page wait at the head while more pages come: together they cost one commit. Milliseconds. */
const headCommitMs = 10
/** Half a second to a second of effects in one transaction, where they are slow to write. */
const commitTargetMs = 500

/**
 * The events of one lease: given to the processor, and committed with the checkpoint. Never is a checkpoint ahead of the events
 * handled, and what is not committed is forgotten as a whole.
 */
export class PartitionWork {
  readonly #parts: WorkParts
  readonly #lease: Lease
  readonly #processor: Processor
  readonly #thresholds: CommitThresholds
  /** None where a batch takes no longer for having more events. */
  readonly #handleSizer: BatchSizer
  readonly #commitSizer: BatchSizer
  readonly #blocked: Set<string>
  #held: number
  #position: number
  #committed: number
  #committedAt = performance.now()
  #uncommitted = 0
  #first: SelectedEvent | undefined
  #firstAt = 0
  #recordedAt: number[] = []
  #park: EventToPark[] = []

  /** Opens the consumer's processor for the lease. @throws what that throws */
  static async open(parts: WorkParts, taken: TakenLease): Promise<PartitionWork> {
    const { consumer } = parts.entry
    const { key, partition } = taken.lease
    const [processor, status] = await Promise.all([
      consumer.open({
        partition,
        partitions: consumer.spec.partitions,
        signal: parts.signal,
        timed: (type, ms) => parts.telemetry.eventHandled(key, partition, type, ms),
      }),
      taken.blockedKeys.length === 0 ? undefined : parts.store.get(key),
    ])
    const stored = status?.partitions.find((one) => one.partition === partition)
    return new PartitionWork(parts, taken, processor, (stored?.parked ?? 0) + (stored?.waiting ?? 0))
  }

  constructor(parts: WorkParts, { lease, checkpoint, blockedKeys }: TakenLease, processor: Processor, held: number) {
    const { options, entry } = parts
    this.#parts = parts
    this.#lease = lease
    this.#processor = processor
    this.#thresholds = entry.consumer.commit ?? options.commit
    this.#handleSizer = new BatchSizer(options.batchMs, options.batchSize)
    this.#commitSizer = new BatchSizer(commitTargetMs, this.#thresholds.events)
    this.#blocked = new Set(entry.consumer.failure.blockKey ? blockedKeys : [])
    this.#held = held
    this.#position = checkpoint
    this.#committed = checkpoint
  }

  /** Everything up to here is handled, parked, or of no concern. */
  get position(): number {
    return this.#position
  }

  /** The stored checkpoint. */
  get committed(): number {
    return this.#committed
  }

  /** Events handled and not committed. */
  get uncommitted(): number {
    return this.#uncommitted
  }

  /** True when there is more to commit than a checkpoint past events of others. */
  get dirty(): boolean {
    return this.#uncommitted > 0 || this.#park.length > 0
  }

  /** Parked and waiting events of the partition, with those that the next commit will store. */
  get held(): number {
    return this.#held + this.#park.length
  }

  /** Events that may go into the next batch. */
  get room(): number {
    const { batchSize } = this.#parts.entry.consumer
    // Batches of a fixed size are committed one by one.
    if (batchSize !== undefined) return Math.max(1, batchSize - this.#uncommitted)
    return Math.max(1, Math.min(this.#handleSizer.size, this.#commitSizer.size - this.#uncommitted))
  }

  /** True when an event of this key has to wait. */
  isBlocked(key: string): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(key)
  }

  free(key: string): void {
    this.#blocked.delete(key)
  }

  /** @throws BatchFailed, RunnerEnded */
  async handle(batch: readonly SelectedEvent[], handling: Handling): Promise<void> {
    const { key, partition } = this.#lease
    const { signal, telemetry } = this.#parts
    const events = batch.map(({ event }) => event)
    const started = performance.now()
    try {
      const handled = this.#processor.handle(events, { attempt: handling.attempt, retried: false, rebuilding: handling.rebuilding, signal })
      if (handled !== undefined) await this.#parts.gone.until(handled)
    } catch (error) {
      if (error instanceof RunnerEnded) throw error
      throw this.#batchFailed(error, batch, handling)
    }
    const ms = performance.now() - started
    this.#handleSizer.note(events.length, ms)
    telemetry.batchHandled(key, partition, events, ms, handling.rebuilding)
    this.#took(batch, handling)
    await this.fault('batch-handled', { events: events.length, last: batch.at(-1)?.event.position })
  }

  /** Puts an event aside; it is stored with the next commit. */
  setAside({ event, key }: SelectedEvent, status: 'parked' | 'waiting', failure?: StoredFailure): void {
    const { position, id: eventId, tenantId, type } = event
    this.#park.push({ parkingKey: key, position, eventId, tenantId, type, status, failure })
  }

  /** Everything up to here is done. */
  moveTo(position: number): void {
    if (position > this.#position) this.#position = position
    if (!this.dirty) this.#tellProgress()
  }

  /** True when it is time to commit. @param idle nothing is there to go on with @param atHead readers wait for what is new */
  due(idle: boolean, atHead: boolean): boolean {
    if (!this.dirty) return this.lazyIn === 0
    const { events, rows, ms } = this.#thresholds
    const enough = this.#parts.entry.consumer.batchSize ?? Math.min(events, this.#commitSizer.size)
    return (
      idle ||
      this.#uncommitted >= enough ||
      this.#park.length >= maxParkedAtOnce ||
      (this.#processor.pending ?? 0) >= rows ||
      performance.now() - this.#firstAt >= (atHead ? Math.min(ms, headCommitMs) : ms)
    )
  }

  /** Milliseconds until a checkpoint that moved past events of others is stored; undefined when it stands. */
  get lazyIn(): number | undefined {
    if (this.#position === this.#committed) return undefined
    return Math.max(0, this.#committedAt + this.#parts.lazyMs() - performance.now())
  }

  /** Stores what is not stored. @throws BatchFailed, RunnerEnded */
  async flush(): Promise<void> {
    if (!this.dirty && this.#position === this.#committed) return
    const checkpoint = this.#position
    const park = this.#park
    await this.#commit({ checkpoint, park })
    this.#committed = checkpoint
    this.#park = []
    this.#held += park.length
    if (this.#parts.entry.consumer.failure.blockKey) for (const { parkingKey } of park) this.#blocked.add(parkingKey)
    this.#tellProgress()
  }

  /**
   * Handles a parked event again, and takes it off the list in the same commit. Only when nothing else waits for a commit.
   * @throws BatchFailed, RunnerEnded
   */
  async retryParked({ event }: SelectedEvent, attempt: number): Promise<void> {
    const { signal } = this.#parts
    try {
      const handled = this.#processor.handle([event], { attempt, retried: true, rebuilding: false, signal })
      if (handled !== undefined) await this.#parts.gone.until(handled)
    } catch (error) {
      if (error instanceof RunnerEnded) throw error
      throw new BatchFailed(causeOf(error), { count: 1, last: event.position, culprit: event, othersKept: false })
    }
    this.#uncommitted = 1
    this.#first = undefined
    await this.#commit({ unpark: [event.position] })
    this.#held -= 1
  }

  /** Changes the list of parked events alone. @throws RunnerEnded */
  async settleParked(progress: Pick<Progress, 'park' | 'unpark'>): Promise<void> {
    await this.#commit(progress)
    this.#held -= progress.unpark?.length ?? 0
  }

  /** Forgets what is not committed. */
  reset(): void {
    this.#clear()
    this.#park = []
    this.#position = this.#committed
    try {
      this.#processor.reset?.()
    } catch (error) {
      throw new RunnerEnded('interrupted', error)
    }
  }

  async fault(point: FaultPoint, details: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { faults } = this.#parts.options
    if (faults === noFaults) return
    const { key, partition } = this.#lease
    try {
      await faults(point, { ...key, partition, ...details })
    } catch (error) {
      throw new RunnerEnded('interrupted', error)
    }
  }

  /** One transaction. Where it is not known what became of it, only a new lease can tell. */
  async #commit(progress: Progress): Promise<void> {
    const last = progress.checkpoint ?? this.#committed
    const { store, gone, telemetry } = this.#parts
    const { key, partition } = this.#lease
    const events = this.#uncommitted
    let refused: { readonly error: unknown } | undefined
    const write = async (tx: SubscriptionTransaction): Promise<void> => {
      try {
        await this.#processor.commit?.(tx)
      } catch (error) {
        refused = { error }
        throw error
      }
    }
    const writes = events > 0 && this.#processor.commit !== undefined
    const started = performance.now()
    try {
      await gone.until(store.commit(this.#lease, progress, writes ? write : undefined))
    } catch (error) {
      if (error instanceof RunnerEnded) throw error
      if (isLeaseLost(error) || isLeaseLost(refused?.error)) throw new RunnerEnded('lost', error)
      if (refused === undefined && (!writes || isTransient(error))) throw new RunnerEnded('interrupted', error)
      // Of a lost database the effects see what the driver says; the store knows what it was, and whose fault.
      const known = isTransient(error) || isCairnError(error, 'CAIRN_IDLE_COMMIT')
      throw this.#commitFailed(refused?.error ?? error, last, known ? error : undefined)
    }
    const ms = performance.now() - started
    await this.#afterCommit(events, last)
    if (events > 0) this.#commitSizer.note(events, ms)
    const now = this.#parts.options.clock.now().getTime()
    for (const recordedAt of this.#recordedAt) telemetry.eventVisible(key, partition, Math.max(0, now - recordedAt))
    this.#clear()
    telemetry.tell((observer) => observer.committed?.({ key, partition, events, ms, checkpoint: last }))
  }

  /** Whatever fails behind the commit does not undo it: only a new lease sees how things stand. */
  async #afterCommit(events: number, last: number): Promise<void> {
    await this.fault('committed', { events, last })
    this.#parts.entry.settled(this.#lease.partition)
    this.#committedAt = performance.now()
    try {
      if (events > 0) this.#processor.committed?.()
    } catch (error) {
      throw new RunnerEnded('interrupted', error)
    }
  }

  #took(batch: readonly SelectedEvent[], { live }: Handling): void {
    if (this.#uncommitted === 0) {
      this.#first = batch[0]
      this.#firstAt = performance.now()
    }
    this.#uncommitted += batch.length
    if (live) for (const { event } of batch) this.#recordedAt.push(event.recordedAt.getTime())
  }

  #clear(): void {
    this.#uncommitted = 0
    this.#first = undefined
    this.#recordedAt = []
  }

  #tellProgress(): void {
    this.#parts.progress.set(this.#parts.entry.id, this.#lease.partition, this.#position)
  }

  #batchFailed(error: unknown, batch: readonly SelectedEvent[], handling: Handling): BatchFailed {
    const named = error instanceof EventHandlingFailure ? error : undefined
    const index = named === undefined ? -1 : batch.findIndex(({ event }) => event.position === named.event.position)
    const othersKept = index >= 0 && named?.othersKept === true
    if (othersKept && index > 0) this.#took(batch.slice(0, index), handling)
    return new BatchFailed(causeOf(error), {
      count: batch.length,
      last: batch.at(-1)?.event.position ?? this.#position,
      culprit: named?.event ?? (batch.length === 1 ? batch[0]?.event : undefined),
      othersKept,
    })
  }

  #commitFailed(error: unknown, last: number, reason: unknown = error): BatchFailed {
    const culprit = error instanceof EventHandlingFailure ? error.event : this.#uncommitted === 1 ? this.#first?.event : undefined
    return new BatchFailed(causeOf(reason), { count: this.#uncommitted, last, culprit, othersKept: false })
  }
}

/** Rows of parked events in one commit. */
const maxParkedAtOnce = 1_000

function causeOf(error: unknown): unknown {
  return error instanceof EventHandlingFailure ? error.cause : error
}
