import { InvalidInputError } from '../errors/index.ts'

export interface CachedAggregate {
  readonly state: unknown
  readonly version: number
}

/**
 * The aggregates of this process that were used last, bounded by their count. It may be stale at any time: the expected
 * version of an append refuses what was decided on an old state.
 */
export class AggregateCache {
  readonly #max: number
  // A Map iterates in the order of insertion, so its first key is the one that was used longest ago.
  readonly #entries = new Map<string, CachedAggregate>()

  /** @throws InvalidInputError unless `max` is a whole number from 1 on */
  constructor(max: number) {
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new InvalidInputError('aggregateCache', `aggregateCache is the number of aggregates to keep, from 1 on, not ${String(max)}.`)
    }
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): CachedAggregate | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: CachedAggregate): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size <= this.#max) return
    const oldest = this.#entries.keys().next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
