import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStorePort } from '@cairn/core'
import { eventOf } from '../projections/shop-writer.ts'
import { summarize, type LatencySummary } from '../support/latencies.ts'

export interface Load extends LatencySummary {
  /** Orders that were not stored. */
  readonly failed: number
}

/** Orders at a steady rate in open loop: each counts from when it was due, however late those before it are. */
export class OrderLoad {
  readonly #store: EventStorePort
  readonly #rate: number
  #orders = 0
  /** Of the last one stored. */
  position = 0

  /** @param rate orders a second */
  constructor(store: EventStorePort, rate: number) {
    this.#store = store
    this.#rate = rate
  }

  get orders(): number {
    return this.#orders
  }

  /** Keeps on until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly load: Load }> {
    const ended = new AbortController()
    const loading = this.#run(ended.signal)
    try {
      const result = await work()
      ended.abort()
      return { result, load: await loading }
    } finally {
      ended.abort()
      await loading
    }
  }

  async #run(ended: AbortSignal): Promise<Load> {
    const latencies: number[] = []
    let failed = 0
    const begin = performance.now()
    const order = async (due: number): Promise<void> => {
      try {
        await this.#order(this.#orders++)
        latencies.push(performance.now() - due)
      } catch {
        failed++
      }
    }
    const running: Promise<void>[] = []
    for (let n = 0; !ended.aborted; await sleep(1)) {
      for (; begin + (n * 1_000) / this.#rate <= performance.now(); n++) running.push(order(begin + (n * 1_000) / this.#rate))
    }
    await Promise.all(running)
    return { ...summarize(latencies), failed }
  }

  async #order(n: number): Promise<void> {
    const lines = [{ sku: 'screw', quantity: 1, price: 1 + (n % 500) }]
    const created = eventOf('order.created', { customerId: `c-${n % 50}`, lines, currency: 'EUR' }, 2)
    const stream = { tenantId: 'acme', aggregateType: 'order', aggregateId: `load-${n}` }
    const { position } = await this.#store.append({ stream, expected: 0, events: [created] })
    this.position = Math.max(this.position, position)
  }
}
