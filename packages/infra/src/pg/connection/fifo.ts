/** A queue that takes as long for one of hundreds of thousands as for one of ten: `Array.shift` moves what is left, each time. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The next in line, which stays there. */
  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head++]
    // What was taken is let go when it is half of all, so that an item is moved once at most on the average.
    if (this.#head * 2 >= this.#items.length) this.#restart(this.#items.slice(this.#head))
    return item
  }

  /** Puts items before the first, in their order. */
  unshift(items: readonly T[]): void {
    if (items.length > 0) this.#restart(items.concat(this.#items.slice(this.#head)))
  }

  /** Takes out those that pass, in their order. */
  remove(passes: (item: T) => boolean): T[] {
    const removed: T[] = []
    const left: T[] = []
    for (const item of this.#items.slice(this.#head)) (passes(item) ? removed : left).push(item)
    this.#restart(left)
    return removed
  }

  #restart(items: T[]): void {
    this.#items = items
    this.#head = 0
  }
}
