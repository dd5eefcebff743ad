/** For how long somebody has said without a gap that he lives: who was away himself does not know who else lives. */
export class UnbrokenBeats {
  readonly #leaseMs: number
  readonly #now: () => number
  #since: number | undefined
  #last = 0

  /** @param leaseMs after a longer silence the beats begin anew */
  constructor(leaseMs: number, now: () => number = () => performance.now()) {
    this.#leaseMs = leaseMs
    this.#now = now
  }

  beat(): void {
    const now = this.#now()
    if (this.#since === undefined || now - this.#last > this.#leaseMs) this.#since = now
    this.#last = now
  }

  failed(): void {
    this.#since = undefined
  }

  /** True when the beats have gone on for so long. */
  ranFor(ms: number): boolean {
    return ms === 0 || (this.#since !== undefined && this.#now() - this.#since >= ms)
  }
}
