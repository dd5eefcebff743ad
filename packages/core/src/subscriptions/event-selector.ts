import { hash } from 'node:crypto'
import type { RecordedEvent } from '../contracts/event.ts'
import { isNewer } from '../errors/is-newer.ts'
import type { Consumer } from './consumer.ts'
import { partitionOf } from './partition-of.ts'

/** An event of one partition. */
export interface SelectedEvent {
  /** Lifted, or as it is stored where that failed. */
  readonly event: RecordedEvent
  /** What it is parked under. */
  readonly key: string
  /** Why it cannot be given to a handler. */
  readonly refusal: { readonly error: unknown } | undefined
}

/** An event that newer code has stored: of a type that this process does not know, or of a newer schema version. */
export interface UnknownEvent {
  readonly event: RecordedEvent
  /** What lifting it threw; undefined where the type is not known. */
  readonly cause: unknown
}

/** What a page holds for one partition. */
export interface Selection {
  readonly events: readonly SelectedEvent[]
  /**
   * The first event of the page that newer code has stored, whichever partition it may be of: the end of what this process may handle.
   * Types that are not known count in a subscription to every type only.
   */
  readonly unknown: UnknownEvent | undefined
}

interface Parts {
  readonly lift: (event: RecordedEvent) => RecordedEvent
  readonly knows: (type: string) => boolean
}

/**
 * Sorts pages out: which events a consumer wants, lifted, and by partition. The partitions of one process share the pages, and so
 * the work of lifting and hashing.
 */
export class EventSelector {
  /** Undefined is every type. */
  readonly types: readonly string[] | undefined
  readonly #consumer: Consumer
  readonly #parts: Parts
  readonly #wanted: ReadonlySet<string> | undefined
  readonly #sorted = new WeakMap<readonly RecordedEvent[], readonly Selection[]>()

  constructor(consumer: Consumer, parts: Parts) {
    this.#consumer = consumer
    this.#parts = parts
    this.types = consumer.types === '*' ? undefined : consumer.types
    this.#wanted = this.types === undefined ? undefined : new Set(this.types)
  }

  select(events: readonly RecordedEvent[], partition: number): Selection {
    if (events.length === 0) return nothing
    const { partitions } = this.#consumer.spec
    if (partitions === 1) return this.#sort(events, 1)[0] ?? nothing
    let sorted = this.#sorted.get(events)
    if (sorted === undefined) {
      sorted = this.#sort(events, partitions)
      this.#sorted.set(events, sorted)
    }
    return sorted[partition] ?? nothing
  }

  /** One event by itself. */
  one(stored: RecordedEvent): SelectedEvent {
    return this.#prepare(stored).selected
  }

  /** True for a type that ends a subscription to every type in this process. */
  isUnknown(type: string): boolean {
    return this.#wanted === undefined && !this.#parts.knows(type)
  }

  #sort(events: readonly RecordedEvent[], partitions: number): readonly Selection[] {
    const lists: SelectedEvent[][] = Array.from({ length: partitions }, () => [])
    let unknown: UnknownEvent | undefined
    for (const stored of events) {
      if (this.#wanted !== undefined && !this.#wanted.has(stored.type)) continue
      if (this.isUnknown(stored.type)) {
        unknown = { event: stored, cause: undefined }
        break
      }
      const { selected, fullKey } = this.#prepare(stored)
      // Its key may be made of what only the newer schema has: without that nobody can say which partition it is of.
      if (selected.refusal !== undefined && isNewer(selected.refusal.error)) {
        unknown = { event: stored, cause: selected.refusal.error }
        break
      }
      lists[partitionOf(fullKey, partitions)]?.push(selected)
    }
    return lists.map((list) => ({ events: list, unknown }))
  }

  #prepare(stored: RecordedEvent): { readonly selected: SelectedEvent; readonly fullKey: string } {
    try {
      const event = this.#parts.lift(stored)
      const fullKey = this.#keyOf(event)
      return { selected: { event, key: storableKey(fullKey), refusal: undefined }, fullKey }
    } catch (error) {
      const fullKey = this.#keyOfRefused(stored)
      return { selected: { event: stored, key: storableKey(fullKey), refusal: { error } }, fullKey }
    }
  }

  #keyOf(event: RecordedEvent): string {
    const key = this.#consumer.keyOf(event)
    if (typeof key === 'string') return key
    throw new TypeError(
      `The partition key of ${this.#consumer.spec.key.name} must be text; for event ${event.id} (${event.type}) it is ${typeof key}.`,
    )
  }

  /** The best that can be had: keys by stream need no payload. */
  #keyOfRefused(stored: RecordedEvent): string {
    try {
      return this.#keyOf(stored)
    } catch {
      return ''
    }
  }
}

const nothing: Selection = Object.freeze({ events: Object.freeze([]), unknown: undefined })

/** Keys are stored with parked events: what no database takes, or no index, stands for itself by its hash. */
export function storableKey(key: string): string {
  return key.length <= 500 && !key.includes('\0') && key.isWellFormed() ? key : `sha256:${hash('sha256', key, 'hex')}`
}
