import { isNewer, partitionOf, type Consumer, type RecordedEvent } from '@cairn/core'

/** An event of one partition; with the reason where it could not be lifted, and is as it is stored. */
export interface PartitionEvent {
  readonly event: RecordedEvent
  readonly refusal: { readonly error: unknown } | undefined
}

/** Which events a build takes, lifted, and to which of its partitions each belongs. */
export class PartitionEvents {
  readonly types: readonly string[]
  readonly #wanted: ReadonlySet<string>
  readonly #consumer: Consumer
  readonly #lift: (event: RecordedEvent) => RecordedEvent

  constructor(consumer: Consumer, types: readonly string[], lift: (event: RecordedEvent) => RecordedEvent) {
    this.types = types
    this.#wanted = new Set(types)
    this.#consumer = consumer
    this.#lift = lift
  }

  /** A page's events by partition. @throws what lifting an event threw */
  split(events: readonly RecordedEvent[]): readonly (readonly RecordedEvent[])[] {
    const { partitions } = this.#consumer.spec
    const shares: RecordedEvent[][] = Array.from({ length: partitions }, () => [])
    for (const stored of events) {
      if (!this.#wanted.has(stored.type)) continue
      const event = this.#lift(stored)
      // The key may be made of what only the newest schema has.
      shares[partitions === 1 ? 0 : partitionOf(this.#consumer.keyOf(event), partitions)]?.push(event)
    }
    return shares
  }

  /**
   * One partition's events behind a position, those that cannot be lifted among them. One of a newer schema version belongs to each:
   * its key may be made of what only that schema has.
   */
  of(partition: number, events: readonly RecordedEvent[], after: number): readonly PartitionEvent[] {
    return events
      .filter((stored) => stored.position > after && this.#wanted.has(stored.type))
      .map((stored) => this.#prepare(stored))
      .filter(
        ({ event, refusal }) => isNewer(refusal?.error) || partitionOf(this.keyOf(event), this.#consumer.spec.partitions) === partition,
      )
  }

  /** The best that can be had: an event that could not be lifted may have none. */
  keyOf(event: RecordedEvent): string {
    try {
      return this.#consumer.keyOf(event)
    } catch {
      return ''
    }
  }

  #prepare(stored: RecordedEvent): PartitionEvent {
    try {
      const event = this.#lift(stored)
      this.#consumer.keyOf(event)
      return { event, refusal: undefined }
    } catch (error) {
      return { event: stored, refusal: { error } }
    }
  }
}
