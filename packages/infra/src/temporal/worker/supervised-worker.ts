import { setTimeout as delay } from 'node:timers/promises'
import type { LoggerPort } from '@cairn/core'
import type { TemporalWorker } from './create-temporal-worker.ts'

/**
 * Keeps a worker running: while the server is away it is tried again, and one that ends by a failure is started anew. An
 * application starts, and goes on, without its Temporal.
 */
export class SupervisedWorker {
  readonly #create: () => Promise<TemporalWorker>
  readonly #logger: LoggerPort
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  readonly #running = Promise.withResolvers<void>()
  #worker: TemporalWorker | undefined

  constructor(create: () => Promise<TemporalWorker>, logger: LoggerPort) {
    this.#create = create
    this.#logger = logger.child({ component: 'temporal' })
    this.#done = this.#keep()
  }

  /** Resolves when the worker runs for the first time. */
  get running(): Promise<void> {
    return this.#running.promise
  }

  get isRunning(): boolean {
    return this.#worker !== undefined
  }

  async shutdown(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #keep(): Promise<void> {
    for (let failures = 0; !this.#stopped();) {
      const started = performance.now()
      try {
        await this.#runOne()
      } catch (error) {
        // One that ran for a while is not part of a row of failures.
        failures = performance.now() - started > 60_000 ? 1 : failures + 1
        const waitMs = Math.min(500 * 2 ** (failures - 1), 15_000)
        this.#logger.warn('The Temporal worker does not run; it is started again.', { error, failures, waitMs })
        await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #runOne(): Promise<void> {
    const worker = await this.#create()
    const shutdown = (): void => void worker.shutdown().catch(() => undefined)
    this.#worker = worker
    this.#running.resolve()
    this.#stop.signal.addEventListener('abort', shutdown)
    try {
      if (this.#stopped()) shutdown()
      await worker.ended
    } finally {
      this.#stop.signal.removeEventListener('abort', shutdown)
      this.#worker = undefined
    }
  }

  #stopped(): boolean {
    return this.#stop.signal.aborted
  }
}
