export interface LatencySummary {
  /** Events measured in the last minute or two. */
  readonly count: number
  /** Milliseconds, to within a tenth. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Eight buckets for each doubling: a percentile is right to within a tenth. */
const perDoubling = 8
const buckets = perDoubling * 24 + 1

/** Times of the last minute or two in a histogram of logarithmic buckets: a few hundred numbers, however many are counted. */
export class Latency {
  readonly #windowMs: number
  #since = 0
  #current = new Window()
  #previous = new Window()

  constructor(windowMs = 60_000) {
    this.#windowMs = windowMs
  }

  /** @param at a monotonic time, milliseconds */
  record(ms: number, at: number): void {
    this.#turn(at)
    this.#current.add(Math.max(ms, 0))
  }

  summary(at: number): LatencySummary | undefined {
    this.#turn(at)
    const count = this.#current.count + this.#previous.count
    if (count === 0) return undefined
    const max = Math.max(this.#current.max, this.#previous.max)
    return { count, p50: Math.min(max, this.#percentile(count * 0.5)), p99: Math.min(max, this.#percentile(count * 0.99)), max }
  }

  #turn(at: number): void {
    if (at - this.#since < this.#windowMs) return
    this.#previous = at - this.#since < 2 * this.#windowMs ? this.#current : new Window()
    this.#current = new Window()
    this.#since = at
  }

  #percentile(rank: number): number {
    let seen = 0
    for (let i = 0; i < buckets; i++) {
      seen += (this.#current.counts[i] ?? 0) + (this.#previous.counts[i] ?? 0)
      if (seen >= rank) return 2 ** (i / perDoubling)
    }
    return 2 ** ((buckets - 1) / perDoubling)
  }
}

class Window {
  readonly counts = new Uint32Array(buckets)
  count = 0
  max = 0

  add(ms: number): void {
    const bucket = ms <= 1 ? 0 : Math.min(buckets - 1, Math.ceil(Math.log2(ms) * perDoubling))
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.count++
    if (ms > this.max) this.max = ms
  }
}
