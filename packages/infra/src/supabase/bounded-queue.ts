/** Waiting items, up to a limit. */
export class BoundedQueue<T> {
  readonly limit: number
  #items: T[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  get size(): number {
    return this.#items.length
  }

  get full(): boolean {
    return this.#items.length >= this.limit
  }

  /** False where there is no room. */
  offer(item: T): boolean {
    if (this.full) return false
    this.#items.push(item)
    return true
  }

  first(count: number): readonly T[] {
    return this.#items.slice(0, count)
  }

  drop(count: number): void {
    this.#items.splice(0, count)
  }
}
