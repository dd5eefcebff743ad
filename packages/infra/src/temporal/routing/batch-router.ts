import { InFlight } from '@cairn/core'
import { RouterFullError } from '../errors.ts'

export interface BatchRouterOptions<Target, Item, Answer> {
  readonly keyOf: (target: Target) => string
  /** Carries a batch out, and answers for each of its items, in order. */
  readonly send: (target: Target, items: readonly Item[]) => Promise<readonly Answer[]>
  /** Rough bytes of an item. */
  readonly sizeOf: (item: Item) => number
  readonly maxBatch: number
  readonly maxBatchBytes: number
  /** Targets with a batch in flight, at once. */
  readonly maxInFlight: number
  /** Items that may wait, in all. */
  readonly maxWaiting: number
}

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

interface Lane<Target, Item, Answer> {
  readonly key: string
  readonly target: Target
  waiting: Waiting<Item, Answer>[]
}

/**
 * One batch in flight per target; what arrives meanwhile goes as one batch in the next, in the order in which it came. So a
 * target is never asked for two things at once, and order needs no numbers.
 */
export class BatchRouter<Target, Item, Answer> {
  readonly #options: BatchRouterOptions<Target, Item, Answer>
  readonly #lanes = new Map<string, Lane<Target, Item, Answer>>()
  /** Lanes with something to send, that wait for one of `maxInFlight` places. */
  readonly #ready: Lane<Target, Item, Answer>[] = []
  readonly #inFlight = new InFlight('The router')
  #sending = 0
  #waiting = 0

  constructor(options: BatchRouterOptions<Target, Item, Answer>) {
    this.#options = options
  }

  /** How many items wait, those in flight not counted. */
  get waiting(): number {
    return this.#waiting
  }

  /** @throws RouterFullError, StoppedError, and what `send` throws */
  route(target: Target, item: Item): Promise<Answer> {
    return this.#inFlight.run(() => {
      if (this.#waiting >= this.#options.maxWaiting) throw new RouterFullError(this.#waiting)
      return new Promise<Answer>((resolve, reject) => {
        this.#waiting++
        const key = this.#options.keyOf(target)
        const lane = this.#lanes.get(key)
        if (lane !== undefined) {
          lane.waiting.push({ item, resolve, reject })
          return
        }
        const opened = { key, target, waiting: [{ item, resolve, reject }] }
        this.#lanes.set(key, opened)
        this.#ready.push(opened)
        this.#startNext()
      })
    })
  }

  /** Takes nothing more, and resolves when all that waits has been answered. */
  close(): Promise<void> {
    return this.#inFlight.stop()
  }

  #startNext(): void {
    while (this.#sending < this.#options.maxInFlight) {
      const lane = this.#ready.shift()
      if (lane === undefined) return
      this.#sending++
      void this.#sendOne(lane).finally(() => {
        this.#sending--
        // Behind those that wait already, so that one busy target does not hold a place for itself.
        if (lane.waiting.length > 0) this.#ready.push(lane)
        else this.#lanes.delete(lane.key)
        this.#startNext()
      })
    }
  }

  async #sendOne(lane: Lane<Target, Item, Answer>): Promise<void> {
    // What was routed in the same turn belongs together.
    await Promise.resolve()
    const batch = this.#take(lane)
    try {
      const answers = await this.#options.send(
        lane.target,
        batch.map(({ item }) => item),
      )
      for (const [i, { resolve, reject }] of batch.entries()) {
        const answer = answers[i]
        if (answer === undefined) reject(new Error(`A batch of ${batch.length} was answered with ${answers.length} answers.`))
        else resolve(answer)
      }
    } catch (error) {
      // Those behind it would fare no better, and must not overtake it either: all are told now.
      for (const { reject } of [...batch, ...lane.waiting]) reject(error)
      this.#waiting -= lane.waiting.length
      lane.waiting = []
    }
  }

  #take(lane: Lane<Target, Item, Answer>): readonly Waiting<Item, Answer>[] {
    const { maxBatch, maxBatchBytes, sizeOf } = this.#options
    let bytes = 0
    let count = 0
    for (const { item } of lane.waiting) {
      bytes += sizeOf(item)
      if (count === maxBatch || (count > 0 && bytes > maxBatchBytes)) break
      count++
    }
    this.#waiting -= count
    return lane.waiting.splice(0, count)
  }
}
