/**
 * How many events go into the next batch, so that one takes about `targetMs`: a batch cannot be stopped half-way, and one of a
 * thousand slow events would hold up a stop, a pause and everybody who waits for a position.
 */
export class BatchSizer {
  readonly #targetMs: number
  readonly #max: number
  #msPerEvent: number | undefined

  constructor(targetMs: number, max: number) {
    this.#targetMs = targetMs
    this.#max = max
  }

  get size(): number {
    if (this.#msPerEvent === undefined) return Math.min(firstSize, this.#max)
    return Math.max(1, Math.min(this.#max, Math.floor(this.#targetMs / this.#msPerEvent)))
  }

  note(events: number, ms: number): void {
    if (events === 0) return
    const seen = Math.max(ms / events, 0.0001)
    // Slower counts at once; faster has to last, for a batch's first events often pay for the rest.
    this.#msPerEvent = this.#msPerEvent === undefined || seen > this.#msPerEvent ? seen : this.#msPerEvent * 0.5 + seen * 0.5
  }
}

const firstSize = 8
