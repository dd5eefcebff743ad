import {
  isNewer,
  RebuildStoppedError,
  storableKey,
  storedFailure,
  TooManyParkedError,
  type Consumer,
  type EventToPark,
  type Lease,
  type Processor,
  type RecordedEvent,
  type StoredFailure,
  type SubscriptionTransaction,
  type UnreadDetails,
} from '@cairn/core'
import { causeOf, CommitFailure, isOfAnEvent } from './failure-kinds.ts'
import type { ProjectionHost } from './host.ts'
import type { KnownAbsent } from './known-absent.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { LogPages } from './log-pages.ts'
import type { PartitionEvent, PartitionEvents } from './partition-events.ts'

/** Events of one try while the event that fails is looked for. */
const searchPage = 1_000

/** What one partition of a generation is fed with. */
export interface FeederParts {
  readonly host: ProjectionHost
  readonly keeper: LeaseKeeper
  readonly consumer: Consumer
  readonly partition: number
  readonly partitionEvents: PartitionEvents
  readonly absent: KnownAbsent
  /** Only this tenant's events. */
  readonly tenantId: string | undefined
  /** True sets events that fail aside, where it would stop. */
  readonly parks: boolean
  readonly signal: AbortSignal
}

/**
 * Feeds one partition of a generation that is being built: rows stay in memory over many batches and are written, with the
 * checkpoint, when `commit` is called. It is strict: an event that fails is found and named, and nothing goes past it.
 */
export class Feeder {
  readonly #parts: FeederParts
  #lease: Lease | undefined
  #processor: Processor | undefined
  #checkpoint = 0
  #position = 0
  #blocked = new Set<string>()
  /** Events behind parked ones of their key, to be stored as such with the next commit. */
  #waiting: EventToPark[] = []
  /** Parked and waiting events of the partition that are stored. */
  #aside = 0
  /** It does not go beyond this position. @default no limit */
  holdAt: number | undefined
  /** Events that were handled, those of this process only. */
  events = 0
  /** Those of them that no commit has seen. */
  #uncommitted = 0

  constructor(parts: FeederParts) {
    this.#parts = parts
  }

  /** Everything up to here is handled, though perhaps not yet written. */
  get position(): number {
    return this.#position
  }

  /** Rows that wait to be written. */
  get pending(): number {
    return this.#processor?.pending ?? 0
  }

  get lease(): Lease | undefined {
    return this.#lease
  }

  /** False while another process holds the partition. */
  async open(): Promise<boolean> {
    const { host, keeper, consumer, partition, absent, signal } = this.#parts
    const { key, fingerprint, partitions } = consumer.spec
    const taken = await keeper.take(key, partition, fingerprint)
    if (taken === undefined) return false
    this.#lease = taken.lease
    this.#checkpoint = taken.checkpoint
    this.#position = taken.checkpoint
    this.#blocked = new Set(taken.blockedKeys)
    this.#waiting = []
    this.#aside = taken.blockedKeys.length === 0 ? 0 : await this.#storedAside()
    if (taken.checkpoint > 0) absent.giveUp()
    this.#processor = await consumer.open({ partition, partitions, signal })
    await host.faults('lease-taken', { name: key.name, generation: key.generation, partition })
    return true
  }

  /**
   * Handles its share of a page: lifted, ascending.
   * @param unread stands for what of the events was not read; when it is wanted, the page does not count
   * @throws RebuildStoppedError naming the event that fails, TooManyParkedError
   */
  async handle(share: readonly RecordedEvent[], pageEnd: number, unread?: UnreadDetails): Promise<void> {
    const next = Math.min(pageEnd, this.holdAt ?? pageEnd)
    if (next <= this.#position) return
    try {
      await this.#give(this.#within(share, next))
    } catch (error) {
      if (unread?.wanted === true) throw error
      await this.#afterFailure(error, next)
    }
    this.#position = next
  }

  /** Goes over everything from its checkpoint to here event by event where it must: some event of a page could not be lifted. */
  async search(pageEnd: number): Promise<void> {
    const next = Math.min(pageEnd, this.holdAt ?? pageEnd)
    if (next <= this.#position) return
    this.#forget()
    await this.#search(next)
  }

  /** Writes rows and checkpoint in one transaction. @throws RebuildStoppedError, TooManyParkedError, LeaseLostError */
  async commit(): Promise<void> {
    if (this.#position === this.#checkpoint && this.pending === 0) return
    try {
      await this.#write(this.#position)
    } catch (error) {
      await this.#afterFailure(error, this.#position)
    }
  }

  /** Back to the last commit. */
  rewind(): void {
    if (this.#processor !== undefined) this.#forget()
  }

  /** Says in the database why nothing goes on here. */
  async fail(failure: StoredFailure): Promise<void> {
    if (this.#lease !== undefined) await this.#parts.host.subscriptions.markState(this.#lease, 'failed', failure)
  }

  /** What was not committed is handled again by whoever opens it next, and is counted then. */
  close(): void {
    this.events -= this.#uncommitted
    this.#uncommitted = 0
    this.#processor = undefined
    this.#lease = undefined
  }

  /** Nearly always all of it: only a build that is taken up again, or held, has to look. */
  #within(share: readonly RecordedEvent[], next: number): readonly RecordedEvent[] {
    const [first] = share
    if (first === undefined || (first.position > this.#position && (share.at(-1)?.position ?? 0) <= next)) return share
    return share.filter(({ position }) => position > this.#position && position <= next)
  }

  async #give(share: readonly RecordedEvent[]): Promise<void> {
    const free = this.#blocked.size === 0 ? share : share.filter((event) => !this.#isBlocked(event))
    if (free.length > 0) {
      const handled = this.#opened().handle(free, { attempt: 1, retried: false, rebuilding: true, signal: this.#parts.signal })
      if (handled !== undefined) await handled
    }
    this.events += share.length
    this.#uncommitted += share.length
  }

  /** True for an event that waits behind a parked one; it is noted. @throws TooManyParkedError */
  #isBlocked(event: RecordedEvent): boolean {
    const { partitionEvents } = this.#parts
    const parkingKey = storableKey(partitionEvents.keyOf(event))
    if (!this.#blocked.has(parkingKey)) return false
    this.#assertRoomFor(event)
    this.#waiting.push(toPark(event, parkingKey, 'waiting', undefined))
    return true
  }

  /** The same limit as that of a partition that follows the log: parked and waiting ones together. */
  #assertRoomFor(event: RecordedEvent): void {
    const { spec, failure } = this.#parts.consumer
    if (this.#aside + this.#waiting.length >= failure.maxWaiting) throw new TooManyParkedError(spec.key.name, event, failure.maxWaiting)
  }

  async #storedAside(): Promise<number> {
    const { host, consumer, partition } = this.#parts
    const status = await host.subscriptions.get(consumer.spec.key)
    const { parked = 0, waiting = 0 } = status?.partitions.find((one) => one.partition === partition) ?? {}
    return parked + waiting
  }

  async #write(position: number, parked: readonly EventToPark[] = []): Promise<void> {
    const { host, keeper, consumer, partition, absent } = this.#parts
    const processor = this.#opened()
    const lease = this.#held()
    keeper.assertHeld(lease)
    const write = processor.pending === 0 ? undefined : processor.commit?.bind(processor)
    const park = [...this.#waiting, ...parked]
    let failure: { readonly error: unknown } | undefined
    const effects = async (tx: SubscriptionTransaction): Promise<void> => {
      try {
        await write?.({ ...tx, rows: absent.noting(tx.rows) })
      } catch (error) {
        failure = { error }
        throw error
      }
    }
    const progress = { checkpoint: position, ...(park.length === 0 ? {} : { park }) }
    try {
      await host.subscriptions.commit(lease, progress, write && effects)
    } catch (error) {
      // What the store failed at beside the rows is no event's fault.
      throw failure === undefined && isOfAnEvent(error) ? new CommitFailure(error) : error
    }
    processor.committed?.()
    this.#aside += park.length
    this.#waiting = []
    this.#uncommitted = 0
    this.#checkpoint = position
    this.#position = position
    const { name, generation } = consumer.spec.key
    await host.faults('committed', { name, generation, partition, position })
  }

  #forget(): void {
    this.#opened().reset?.()
    this.#waiting = []
    this.events -= this.#uncommitted
    this.#uncommitted = 0
    this.#position = this.#checkpoint
  }

  async #afterFailure(error: unknown, upTo: number): Promise<void> {
    this.#forget()
    // Not an event's fault: the build goes on from its checkpoints, or fails by itself.
    if (!isOfAnEvent(error)) throw error
    await this.#search(upTo)
  }

  /** Goes over everything since the checkpoint again, in ever smaller batches, until an event that fails stands alone. */
  async #search(upTo: number): Promise<void> {
    const { host, partition, partitionEvents, tenantId } = this.#parts
    const { types } = partitionEvents
    const pages = new LogPages(host.reader, { after: this.#checkpoint, upTo, types, tenantId, ahead: 0, pageSize: () => searchPage })
    while (this.#checkpoint < upTo) {
      const page = await pages.next()
      await this.#settle(partitionEvents.of(partition, page.events, this.#checkpoint), page.next)
    }
  }

  async #settle(share: readonly PartitionEvent[], next: number): Promise<void> {
    try {
      const refused = share.find(({ refusal }) => refusal !== undefined)
      if (refused?.refusal !== undefined) throw refused.refusal.error
      await this.#give(share.map(({ event }) => event))
      await this.#write(next)
    } catch (error) {
      this.#forget()
      const [first] = share
      if (first === undefined || !isOfAnEvent(error)) throw error
      if (share.length === 1) return this.#afterEvent(first.event, causeOf(error), next)
      const half = share.slice(0, Math.ceil(share.length / 2))
      await this.#settle(half, half.at(-1)?.event.position ?? this.#checkpoint)
      await this.#settle(share.slice(half.length), next)
    }
  }

  async #afterEvent(event: RecordedEvent, cause: unknown, next: number): Promise<void> {
    const { consumer, partitionEvents, parks } = this.#parts
    // What newer code has stored is for newer code to build.
    if (!parks || isNewer(cause)) throw new RebuildStoppedError(consumer.spec.key.name, event, cause)
    this.#assertRoomFor(event)
    const parkingKey = storableKey(partitionEvents.keyOf(event))
    const failure = storedFailure(cause, { event, attempts: 1, at: new Date() })
    await this.#write(next, [toPark(event, parkingKey, 'parked', failure)])
    if (consumer.failure.blockKey) this.#blocked.add(parkingKey)
  }

  #opened(): Processor {
    if (this.#processor === undefined) throw new Error('The partition is not open.')
    return this.#processor
  }

  #held(): Lease {
    if (this.#lease === undefined) throw new Error('The partition is not held.')
    return this.#lease
  }
}

function toPark(event: RecordedEvent, parkingKey: string, status: EventToPark['status'], failure: StoredFailure | undefined): EventToPark {
  const { position, id, tenantId, type } = event
  return { parkingKey, position, eventId: id, tenantId, type, status, failure }
}
