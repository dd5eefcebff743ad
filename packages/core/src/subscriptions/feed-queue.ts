import type { LogReadPage } from '../ports/log-reader.port.ts'

/** Pages of large events: so many characters of them are queued, as JSON texts, and one page more. */
const maxSize = 64 * 1_048_576

/** The feed's pages that one runner has not taken yet. Bounded: one that is slow falls off the feed and reads for itself. */
export class FeedQueue {
  readonly types: readonly string[] | undefined
  readonly #wanted: ReadonlySet<string> | undefined
  readonly #maxEvents: number
  readonly #arrived: () => void
  readonly #pages: LogReadPage[] = []
  #events = 0
  #size = 0
  #off = false

  /** @param arrived called when there is something to take, or when it fell off */
  constructor(types: readonly string[] | undefined, maxEvents: number, arrived: () => void) {
    this.types = types
    this.#wanted = types === undefined ? undefined : new Set(types)
    this.#maxEvents = maxEvents
    this.#arrived = arrived
  }

  /** False when nothing comes any more: it fell off, or its runner has left. What is queued can still be taken. */
  get attached(): boolean {
    return !this.#off
  }

  get empty(): boolean {
    return this.#pages.length === 0
  }

  /** @internal by the feed */
  offer(page: LogReadPage): void {
    if (this.#off) return
    const wanted = page.events.some(({ type }) => this.#wanted === undefined || this.#wanted.has(type))
    const events = wanted ? page.events : none
    const size = wanted ? (page.size ?? 0) : 0
    if (wanted && this.#events > 0 && (this.#events + events.length > this.#maxEvents || this.#size + size > maxSize)) {
      this.#off = true
      this.#arrived()
      return
    }
    // A stretch without events of its own is one step, however many pages it took.
    if (events.length === 0 && this.#pages.at(-1)?.events.length === 0) this.#pages.pop()
    this.#pages.push({ events, next: page.next, horizon: page.horizon, size })
    this.#events += events.length
    this.#size += size
    this.#arrived()
  }

  take(): LogReadPage | undefined {
    const page = this.#pages.shift()
    if (page === undefined) return undefined
    this.#events -= page.events.length
    this.#size -= page.size ?? 0
    return page
  }

  leave(): void {
    this.#off = true
    this.#pages.length = 0
    this.#events = 0
    this.#size = 0
  }
}

const none: LogReadPage['events'] = Object.freeze([])
