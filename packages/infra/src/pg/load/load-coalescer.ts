import { PoolExhaustedError } from '@cairn/core'
import { StallWatch } from '../connection/stall-watch.ts'

/** Batches of loads under way at once. */
const maxInFlight = 2
const maxBatch = 100

interface Queued<Q, A> {
  readonly request: Q
  readonly since: number
  readonly resolve: (answer: A) => void
  readonly reject: (error: unknown) => void
}

/** Puts reads that arrive together into one round trip; a lone one goes at once. */
export class LoadCoalescer<Q, A> {
  readonly #send: (requests: readonly Q[]) => Promise<readonly A[]>
  #queue: Queued<Q, A>[] = []
  #inFlight = 0
  #flushScheduled = false
  readonly #watch: StallWatch

  /**
   * @param send answers in the order of the requests
   * @param waitMs how long a load waits behind batches that do not come back
   */
  constructor(waitMs: number, send: (requests: readonly Q[]) => Promise<readonly A[]>) {
    this.#send = send
    this.#watch = new StallWatch(
      waitMs,
      () => this.#queue.length > 0 || this.#inFlight > 0,
      (before) => {
        if (this.#inFlight < maxInFlight) return
        // In order of arrival.
        const fresh = this.#queue.findIndex(({ since }) => since >= before)
        const overdue = this.#queue.splice(0, fresh === -1 ? this.#queue.length : fresh)
        for (const queued of overdue) queued.reject(new PoolExhaustedError(waitMs))
      },
    )
  }

  load(request: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, since: this.#watch.queued(), resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#flushScheduled || this.#inFlight >= maxInFlight || this.#queue.length === 0) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      while (this.#inFlight < maxInFlight && this.#queue.length > 0) void this.#flush(this.#queue.splice(0, maxBatch))
    })
  }

  async #flush(batch: readonly Queued<Q, A>[]): Promise<void> {
    this.#inFlight++
    this.#watch.moved()
    try {
      const answers = await this.#send(batch.map((queued) => queued.request))
      for (const [i, queued] of batch.entries()) {
        const answer = answers[i]
        if (answer === undefined) queued.reject(new TypeError('A load was left without an answer.'))
        else queued.resolve(answer)
      }
    } catch (error) {
      for (const queued of batch) queued.reject(error)
    } finally {
      this.#inFlight--
      this.#schedule()
    }
  }
}
