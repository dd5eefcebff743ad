import { PoolExhaustedError } from '@cairn/core'

interface Waiter {
  readonly enter: () => void
  readonly timer: NodeJS.Timeout
}

/** Lets so many in at once; the others wait in line, each at most `timeoutMs`. The pools themselves would wait for ever. */
export class Gate {
  readonly #limit: number
  readonly #timeoutMs: number
  readonly #waiting = new Set<Waiter>()
  #inside = 0

  constructor(limit: number, timeoutMs: number) {
    this.#limit = limit
    this.#timeoutMs = timeoutMs
  }

  /** True when `run` would not have to wait. */
  get free(): boolean {
    return this.#inside < this.#limit
  }

  /** @throws PoolExhaustedError when no place became free in time */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free) this.#inside++
    else await this.#wait()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          clearTimeout(waiter.timer)
          this.#waiting.delete(waiter)
          resolve()
        },
        timer: setTimeout(() => {
          this.#waiting.delete(waiter)
          reject(new PoolExhaustedError(this.#timeoutMs))
        }, this.#timeoutMs),
      }
      this.#waiting.add(waiter)
    })
  }

  // The place goes straight to the next in line, so nobody overtakes.
  #leave(): void {
    const next = this.#waiting.values().next().value
    if (next === undefined) this.#inside--
    else next.enter()
  }
}
