import { setTimeout as delay } from 'node:timers/promises'

/** Writers count as being there for so long after the log was seen growing, milliseconds. */
const rememberMs = 3_000

/**
 * Leaves writers their share: while the log grows, each stretch of work is followed by a pause in proportion to it. Nothing
 * waits while nobody writes.
 */
export class Throttle {
  readonly #duty: number
  readonly #now: () => number
  #end: number | undefined
  #grewAt = Number.NEGATIVE_INFINITY

  /** @param duty the part of the time that is worked, above 0; 1 never waits */
  constructor(duty: number, now: () => number = () => performance.now()) {
    this.#duty = duty
    this.#now = now
  }

  /** Tells it where the log ends. */
  saw(end: number): void {
    if (this.#end !== undefined && end > this.#end) this.#grewAt = this.#now()
    this.#end = Math.max(end, this.#end ?? 0)
  }

  get active(): boolean {
    return this.#duty < 1 && this.#now() - this.#grewAt < rememberMs
  }

  /** Milliseconds to wait after so many of work. */
  pauseAfter(workedMs: number): number {
    return this.active ? workedMs * (1 / this.#duty - 1) : 0
  }

  async pause(workedMs: number, signal: AbortSignal): Promise<void> {
    const ms = this.pauseAfter(workedMs)
    if (ms >= 1 && !signal.aborted) await delay(ms, undefined, { signal }).catch(() => undefined)
  }
}
