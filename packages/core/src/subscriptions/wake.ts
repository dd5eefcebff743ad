/** A bell for one waiter: rung while nobody waits, it ends the next wait at once. */
export class Wake {
  #rung = false
  #ring: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#ring?.()
  }

  /** Ends when the bell is rung, or after so many milliseconds. */
  wait(ms?: number): Promise<void> {
    if (this.#rung) {
      this.#rung = false
      return Promise.resolve()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => {
      clearTimeout(timer)
      this.#rung = false
      this.#ring = undefined
      resolve()
    }
    const timer = ms === undefined ? undefined : setTimeout(end, Math.min(Math.max(ms, 0), longestTimer))
    this.#ring = end
    return promise
  }
}

/** A timer that is set for longer goes off at once. */
const longestTimer = 2_147_483_647
