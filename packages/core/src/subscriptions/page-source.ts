import type { LogReadPage } from '../ports/log-reader.port.ts'
import type { Feed } from './feed.ts'
import type { FeedQueue } from './feed-queue.ts'

interface PageSourceParts {
  readonly feed: Feed
  readonly types: readonly string[] | undefined
  /** Reads for this runner alone, or shared with its sisters. */
  readonly read: (after: number) => Promise<LogReadPage>
  readonly maxQueued: number
  /** Something can be taken. */
  readonly arrived: () => void
}

/**
 * Where a runner's pages come from: read by itself while it is behind, the next one while one is handled; from the feed once it
 * has met the head; by itself again when it fell off. Pages may begin before what was asked for: the runner passes over what it
 * has handled.
 */
export class PageSource {
  readonly #parts: PageSourceParts
  #after: number
  #queue: FeedQueue | undefined
  #ahead: Promise<LogReadPage> | undefined
  #metHead = false
  #closed = false

  constructor(parts: PageSourceParts, after: number) {
    this.#parts = parts
    this.#after = after
  }

  /** True while pages come from the feed. */
  get attached(): boolean {
    return this.#queue?.attached ?? false
  }

  /** True when nothing is known to follow what was handed out. */
  get drained(): boolean {
    return this.#queue === undefined ? this.#metHead : this.#queue.attached && this.#queue.empty
  }

  /** The next page; undefined when there is none yet. @throws what the reader throws */
  async next(): Promise<LogReadPage | undefined> {
    if (this.#queue !== undefined) {
      const page = this.#takeQueued()
      if (page !== undefined) return page
      if (this.#queue.attached) return undefined
      this.#queue = undefined
      this.#metHead = false
    }
    if (this.#metHead && (await this.#join())) return this.#takeQueued()
    const page = await this.#readOn()
    if (page !== undefined || !this.#metHead) return page
    return (await this.#join()) ? this.#takeQueued() : undefined
  }

  /** Begins again behind a position. */
  seek(after: number): void {
    this.#leave()
    this.#after = after
  }

  close(): void {
    this.#closed = true
    this.#leave()
  }

  #takeQueued(): LogReadPage | undefined {
    const page = this.#queue?.take()
    if (page !== undefined) this.#after = Math.max(this.#after, page.next)
    return page
  }

  async #join(): Promise<boolean> {
    const { feed, types, maxQueued, arrived } = this.#parts
    const after = this.#after
    const queue = await feed.join(after, types, maxQueued, arrived)
    if (queue === undefined) return false
    // The runner ended, or began again elsewhere, while it waited.
    if (this.#closed || this.#after !== after) {
      queue.leave()
      return false
    }
    this.#queue = queue
    return true
  }

  async #readOn(): Promise<LogReadPage | undefined> {
    const after = this.#after
    const reading = this.#ahead ?? this.#parts.read(after)
    this.#ahead = undefined
    const page = await reading
    if (this.#closed || this.#after !== after) return undefined
    const moved = page.next > after
    this.#after = Math.max(after, page.next)
    this.#metHead = page.next >= page.horizon
    if (!this.#metHead && moved) this.#readAhead(this.#after)
    return moved ? page : undefined
  }

  #readAhead(after: number): void {
    this.#ahead = this.#parts.read(after)
    // Whoever takes the page meets its error; until then it is nobody's.
    this.#ahead.catch(() => {})
  }

  #leave(): void {
    this.#queue?.leave()
    this.#queue = undefined
    this.#ahead = undefined
    this.#metHead = false
  }
}
