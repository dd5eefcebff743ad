import { setTimeout as sleep } from 'node:timers/promises'
import { matchesPumpFilter, retryDelay, type PumpChange, type PumpIntake } from '@cairn/core'
import type { RealtimeChannel, SupabaseClient } from '@supabase/supabase-js'
import { BoundedQueue } from './bounded-queue.ts'
import { changeOfPayload } from './change-of-payload.ts'

/** One pump's channel, and what came over it and waits. */
export class SupabaseIntake {
  /** Resolves when the service has answered for the first time, be it with an error: it is tried again then. */
  readonly joined: Promise<void>
  readonly #client: SupabaseClient
  readonly #pump: PumpIntake
  readonly #queue: BoundedQueue<PumpChange>
  readonly #answered = Promise.withResolvers<void>()
  readonly #stopping = new AbortController()
  /** Nobody takes over, and a stop lets the batch under way end. */
  readonly #never = new AbortController().signal
  #channel: RealtimeChannel | undefined
  #leaving: Promise<unknown> = Promise.resolve()
  #draining: Promise<void> | undefined
  #position = 0
  #missed = 0
  #exhausted = false

  constructor(client: SupabaseClient, pump: PumpIntake, queueSize: number) {
    this.#client = client
    this.#pump = pump
    this.#queue = new BoundedQueue(queueSize)
    this.joined = this.#answered.promise
    this.#join()
  }

  /** What waits is dropped with the process; the batch under way ends. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#answered.resolve()
    this.#leave()
    await Promise.all([this.#draining, this.#leaving])
  }

  #join(): void {
    const { channel: name, eventSpec, logger } = this.#pump
    const { schema, table, event, filter } = eventSpec
    // Told as joined only when the database's changes do come.
    const channel = this.#client.channel(name, { config: { postgres_changes_options: { wait: true } } })
    const spec = { schema, table, ...(filter === undefined ? {} : { filter }) }
    const take = (payload: Parameters<typeof changeOfPayload>[0]): void => {
      if (channel === this.#channel) this.#take(changeOfPayload(payload, ++this.#position))
    }
    if (event === '*') channel.on('postgres_changes', { event, ...spec }, take)
    else if (event === 'INSERT') channel.on('postgres_changes', { event, ...spec }, take)
    else if (event === 'UPDATE') channel.on('postgres_changes', { event, ...spec }, take)
    else channel.on('postgres_changes', { event, ...spec }, take)
    this.#channel = channel
    channel.subscribe((status, error) => {
      if (channel !== this.#channel) return
      const joined = status === 'SUBSCRIBED'
      if (!joined) logger.warn(`Supabase realtime answered ${status}; what changes now is missed.`, { error })
      this.#pump.trouble(joined ? undefined : (error ?? new Error(`Supabase realtime answered ${status}.`)))
      this.#answered.resolve()
    })
  }

  #leave(): void {
    const channel = this.#channel
    if (channel === undefined) return
    this.#channel = undefined
    this.#leaving = this.#leaving.then(() => this.#client.removeChannel(channel)).catch(() => undefined)
  }

  #take(change: PumpChange): void {
    const { filter, logger } = this.#pump
    if (filter !== undefined && !matchesPumpFilter(filter, change.row)) return
    if (!this.#queue.offer(change)) this.#missed++
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
    })
    if (!this.#queue.full) return
    logger.warn(`${this.#queue.size} changes wait, as many as may: Supabase realtime is left until half of them are handled.`)
    this.#leave()
  }

  async #drain(): Promise<void> {
    const { batchSize, failure, logger } = this.#pump
    const { signal } = this.#stopping
    for (let attempt = 1; this.#queue.size > 0 && !signal.aborted && !this.#exhausted;) {
      const batch = this.#queue.first(batchSize)
      try {
        await this.#pump.deliver(batch, { attempt, pass: 0, signal: this.#never })
      } catch (error) {
        this.#exhausted = attempt >= failure.retry.attempts
        if (this.#exhausted) {
          logger.error(`A batch failed ${attempt} times: the pump has ended.`, { error })
          this.#leave()
          return
        }
        await sleep(retryDelay(failure.retry, attempt++), undefined, { signal }).catch(() => undefined)
        continue
      }
      attempt = 1
      this.#queue.drop(batch.length)
      if (this.#channel === undefined && this.#queue.size <= this.#queue.limit / 2) await this.#rejoin()
    }
  }

  async #rejoin(): Promise<void> {
    await this.#leaving
    if (this.#stopping.signal.aborted) return
    const { logger } = this.#pump
    logger.warn('Supabase realtime is joined again; what changed meanwhile was missed.', { missedWhileLeaving: this.#missed })
    this.#missed = 0
    this.#join()
  }
}
