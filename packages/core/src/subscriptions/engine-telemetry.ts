import type { LoggerPort } from '../ports/logger.port.ts'
import type { StoredFailure, SubscriptionKey } from '../ports/subscription-store.port.ts'
import { Latency, type LatencySummary } from './latency.ts'
import type { SubscriptionObserver } from './observer.ts'
import { keyText } from './subscription-name.ts'

/** One line for each subscription and type in this time. */
const slowLineEveryMs = 60_000

/** Tells the observer, measures latencies, and flags slow handlers. */
export class EngineTelemetry {
  readonly #observer: SubscriptionObserver
  readonly #logger: LoggerPort
  readonly #slowMs: number
  readonly #latencies = new Map<string, Latency>()
  readonly #slowLines = new Map<string, number>()
  readonly #retries = new Map<string, number>()

  constructor(observer: SubscriptionObserver, logger: LoggerPort, slowMs: number) {
    this.#observer = observer
    this.#logger = logger
    this.#slowMs = slowMs
  }

  tell(call: (observer: SubscriptionObserver) => void): void {
    try {
      call(this.#observer)
    } catch (error) {
      this.#logger.error('A subscription observer failed.', { error })
    }
  }

  /** @param types what the batch held, for the line about a slow one */
  batchHandled(
    key: SubscriptionKey,
    partition: number,
    events: readonly { readonly type: string }[],
    ms: number,
    rebuilding: boolean,
  ): void {
    this.tell((observer) => observer.batchHandled?.({ key, partition, events: events.length, ms, rebuilding }))
    if (ms > this.#slowMs * events.length) this.#slow(key, [...new Set(events.map(({ type }) => type))].join(', '), ms / events.length)
  }

  eventHandled(key: SubscriptionKey, partition: number, type: string, ms: number): void {
    this.tell((observer) => observer.eventHandled?.({ key, partition, type, ms }))
    if (ms > this.#slowMs) this.#slow(key, type, ms)
  }

  eventVisible(key: SubscriptionKey, partition: number, latencyMs: number): void {
    const id = keyText(key)
    let latency = this.#latencies.get(id)
    if (latency === undefined) this.#latencies.set(id, (latency = new Latency()))
    latency.record(latencyMs, performance.now())
    this.tell((observer) => observer.eventVisible?.({ key, partition, latencyMs }))
  }

  failed(key: SubscriptionKey, partition: number, outcome: 'retried' | 'parked' | 'stopped' | 'outage', failure: StoredFailure): void {
    if (outcome === 'retried') this.#retries.set(keyText(key), this.retries(key) + 1)
    this.tell((observer) => observer.failed?.({ key, partition, outcome, failure }))
  }

  latency(key: SubscriptionKey): LatencySummary | undefined {
    return this.#latencies.get(keyText(key))?.summary(performance.now())
  }

  /** Tries that failed and were followed by another, since the process began. */
  retries(key: SubscriptionKey): number {
    return this.#retries.get(keyText(key)) ?? 0
  }

  #slow(key: SubscriptionKey, type: string, ms: number): void {
    const id = `${keyText(key)} ${type}`
    const now = performance.now()
    if (now - (this.#slowLines.get(id) ?? -slowLineEveryMs) < slowLineEveryMs) return
    this.#slowLines.set(id, now)
    this.#logger.warn(
      `A handler of ${keyText(key)} took ${Math.round(ms)} ms for one ${type}: more than ${this.#slowMs} ms hold up what comes behind. Move heavy work to a job.`,
      {
        subscription: key.name,
        generation: key.generation,
        eventType: type,
        ms,
      },
    )
  }
}
