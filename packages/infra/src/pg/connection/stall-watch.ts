/**
 * Tells a queue that nothing has come back for a while, so that what waits in it can be given up instead of waiting for ever
 * behind batches that are stuck. A long queue that moves is left alone. One timer for as long as there is work, not one per call.
 */
export class StallWatch {
  readonly #limitMs: number
  /** Gives up all that was queued before the instant (of `performance.now()`). */
  readonly #giveUp: (queuedBefore: number) => void
  readonly #busy: () => boolean
  #timer: NodeJS.Timeout | undefined
  #moved = 0

  constructor(limitMs: number, busy: () => boolean, giveUp: (queuedBefore: number) => void) {
    this.#limitMs = limitMs
    this.#busy = busy
    this.#giveUp = giveUp
  }

  /** Something was queued. Returns now. */
  queued(): number {
    if (this.#timer === undefined) this.#timer = this.#arm()
    return performance.now()
  }

  /** A batch was sent, because one had come back. */
  moved(): void {
    this.#moved = performance.now()
  }

  // Twice within the limit, so that nothing waits longer than one and a half of it, and of what this process was busy itself.
  #arm(): NodeJS.Timeout {
    const dueAt = performance.now() + this.#limitMs / 2
    // After a turn in which answers were read.
    return setTimeout(() => setImmediate(() => this.#check(performance.now() - dueAt)), this.#limitMs / 2).unref()
  }

  #check(lateMs: number): void {
    const before = performance.now() - this.#limitMs
    // A process that was busy itself has neither sent nor read: it looks again when it had time to.
    const wasBusy = lateMs > this.#limitMs / 4
    if (!wasBusy && this.#moved < before) this.#giveUp(before)
    this.#timer = this.#busy() ? this.#arm() : undefined
  }
}
