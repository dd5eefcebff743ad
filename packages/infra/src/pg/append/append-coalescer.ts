import { isCairnError, PoolExhaustedError } from '@cairn/core'
import { Fifo } from '../connection/fifo.ts'
import { StallWatch } from '../connection/stall-watch.ts'
import type { AppendEntry, AppendOutcome } from './append-entry.ts'

/** How many batches are under way at once: one runs in the database while the next one's answer is read and its successor is put together. */
const maxInFlight = 2
const maxBatchEntries = 500
/**
 * From so many entries on, what is ready is shared out among the batches that may be under way. As one batch, callers that
 * wait for their answers would stay in step: all in the database, then all here, and one of the two always idle.
 */
const minShared = 32
const maxBatchBytes = 4 * 1024 * 1024

interface Queued {
  readonly entry: AppendEntry
  readonly since: number
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
  /** Since when the stream has been held, where the one before in line gave up for that. */
  heldSince: number | undefined
}

export interface AppendTransport {
  /** Sends a batch of different streams; one outcome each. Rejects when the batch had no effect, or an unknown one. */
  sendMany(entries: readonly AppendEntry[]): Promise<readonly AppendOutcome[]>
  /** Sends a lone entry without waiting for a held stream. */
  sendOne(entry: AppendEntry): Promise<AppendOutcome>
  /**
   * Sends one entry beside the batches, waiting for whoever holds its stream, and trying again where the connection was lost. Never
   * answers busy.
   * @param answerLost whether it was sent before and may have taken effect
   * @param heldSince from when on the time for which it waits is counted; one whose time is over gets a short try
   */
  sendAside(entry: AppendEntry, answerLost: boolean, heldSince: number): Promise<AppendOutcome>
  /** After `error`, which failed a whole batch: send its members aside, or give up, for the reason that is returned. */
  afterFailure(error: unknown): { readonly answerLost: boolean } | { readonly reason: unknown }
}

/**
 * Puts appends that arrive together into one round trip. What arrives while the batches in flight are under way goes with
 * the next; nothing waits for a timer. A stream (and a command id) is in one batch at a time: what comes for it meanwhile
 * waits in line. A stream that somebody else holds is set aside, so that it delays itself alone.
 */
export class AppendCoalescer {
  readonly #transport: AppendTransport
  /** First in line of each stream, in arrival order. */
  readonly #ready = new Fifo<Queued>()
  /** Streams that are ready, in flight or aside, with those who wait behind, if any. */
  readonly #active = new Map<string, Fifo<Queued> | undefined>()
  /** Command ids in flight: the same id on two streams of one batch would be a unique violation. */
  readonly #commandIds = new Set<string>()
  #inFlight = 0
  #flushScheduled = false
  #idle: PromiseWithResolvers<void> | undefined

  readonly #watch: StallWatch

  /** @param waitMs how long an append waits behind batches that do not come back */
  constructor(transport: AppendTransport, waitMs: number) {
    this.#transport = transport
    this.#watch = new StallWatch(
      waitMs,
      () => this.#active.size > 0,
      (before) => this.#giveUp(before, waitMs),
    )
  }

  append(entry: AppendEntry): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const queued = { entry, since: this.#watch.queued(), resolve, reject, heldSince: undefined }
      if (this.#active.has(entry.key)) {
        this.#waitBehind(queued)
        return
      }
      this.#active.set(entry.key, undefined)
      this.#ready.push(queued)
      this.#schedule()
    })
  }

  #waitBehind(queued: Queued): void {
    const { key } = queued.entry
    const waiting = this.#active.get(key) ?? new Fifo()
    waiting.push(queued)
    this.#active.set(key, waiting)
  }

  /** Resolves when nothing is queued or under way. */
  async drained(): Promise<void> {
    if (this.#active.size === 0) return
    this.#idle ??= Promise.withResolvers()
    await this.#idle.promise
  }

  // After the current turn: all that callers send in one go leaves in one batch.
  #schedule(): void {
    if (this.#flushScheduled || this.#inFlight >= maxInFlight || this.#ready.length === 0) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    while (this.#inFlight < maxInFlight && this.#ready.length > 0) {
      const free = maxInFlight - this.#inFlight
      const batch = this.#take(this.#ready.length < minShared ? maxBatchEntries : Math.ceil(this.#ready.length / free))
      if (batch.length === 0) return
      this.#inFlight++
      this.#watch.moved()
      void this.#send(batch)
    }
  }

  #take(share: number): Queued[] {
    const limit = Math.min(share, maxBatchEntries)
    const batch: Queued[] = []
    const passedOver: Queued[] = []
    let bytes = 0
    for (let next = this.#ready.peek(); next !== undefined && batch.length < limit; next = this.#ready.peek()) {
      if (batch.length > 0 && bytes + next.entry.bytes > maxBatchBytes) break
      this.#ready.shift()
      if (this.#claimIds(next.entry)) {
        bytes += next.entry.bytes
        batch.push(next)
      } else passedOver.push(next)
    }
    this.#ready.unshift(passedOver)
    return batch
  }

  #claimIds(entry: AppendEntry): boolean {
    if (entry.receipts.some((receipt) => this.#commandIds.has(receiptKey(entry, receipt.id)))) return false
    for (const receipt of entry.receipts) this.#commandIds.add(receiptKey(entry, receipt.id))
    return true
  }

  async #send(batch: readonly Queued[]): Promise<void> {
    try {
      const only = batch.length === 1 ? batch[0] : undefined
      const outcomes =
        only === undefined
          ? await this.#transport.sendMany(batch.map((queued) => queued.entry))
          : [await this.#transport.sendOne(only.entry)]
      for (const [i, queued] of batch.entries()) {
        const outcome = outcomes[i]
        if (outcome === undefined || outcome.kind === 'busy') void this.#sendAside(queued, false)
        else this.#settle(queued, () => queued.resolve(outcome))
      }
    } catch (error) {
      const next = this.#transport.afterFailure(error)
      for (const queued of batch) {
        if ('answerLost' in next) void this.#sendAside(queued, next.answerLost)
        else this.#settle(queued, () => queued.reject(next.reason))
      }
    } finally {
      this.#inFlight--
      this.#schedule()
    }
  }

  /** Fails what was not sent; what waits in line behind it comes up, and is next. */
  #giveUp(before: number, waitMs: number): void {
    if (this.#inFlight < maxInFlight) return
    for (;;) {
      const overdue = this.#ready.remove(({ since }) => since < before)
      if (overdue.length === 0) return
      for (const queued of overdue) this.#leave(queued, () => queued.reject(new PoolExhaustedError(waitMs)))
    }
  }

  async #sendAside(queued: Queued, answerLost: boolean): Promise<void> {
    // Those in line waited for the same holder meanwhile: with a time of their own each, a line would take as many times as it is long.
    // One that waited for others' appends, which went through, has not waited for it yet.
    const heldSince = queued.heldSince === undefined ? performance.now() : Math.max(queued.heldSince, queued.since)
    try {
      const outcome = await this.#transport.sendAside(queued.entry, answerLost, heldSince)
      this.#settle(queued, () => queued.resolve(outcome))
    } catch (error) {
      this.#settle(queued, () => queued.reject(error), isCairnError(error, 'CAIRN_STREAM_BUSY') ? heldSince : undefined)
    }
  }

  #settle(queued: Queued, answer: () => void, heldSince?: number): void {
    const { entry } = queued
    for (const receipt of entry.receipts) this.#commandIds.delete(receiptKey(entry, receipt.id))
    this.#leave(queued, answer, heldSince)
  }

  #leave({ entry }: Queued, answer: () => void, heldSince?: number): void {
    const waiting = this.#active.get(entry.key)
    const next = waiting?.shift()
    if (next === undefined) this.#active.delete(entry.key)
    else {
      next.heldSince = heldSince
      this.#ready.push(next)
    }
    answer()
    this.#schedule()
    if (this.#active.size === 0) this.#idle?.resolve()
    if (this.#active.size === 0) this.#idle = undefined
  }
}

function receiptKey(entry: AppendEntry, id: string): string {
  return `${entry.stream.tenantId}\0${id.toLowerCase()}`
}
