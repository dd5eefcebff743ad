import { setTimeout as delay } from 'node:timers/promises'
import { isLeaseLost, projectionFingerprint, uuidv7, type Generation, type ProjectionDefinition } from '@cairn/core'
import { projectionConsumer } from '@cairn/projections'
import type { PgProjectionHost } from './pg-host.ts'

const leaseMs = 2_000

/** Feeds what is live of one definition, as an app's process does: each generation of its fingerprint that is live or previous. */
export class LiveFeeder {
  readonly #host: PgProjectionHost
  readonly #definition: ProjectionDefinition
  readonly #stop = new AbortController()
  readonly #feeding: Promise<void>
  #failure: Error | undefined

  constructor(host: PgProjectionHost, definition: ProjectionDefinition) {
    this.#host = host
    this.#definition = definition
    this.#feeding = this.#run()
  }

  /** True when it has ended by itself, for a reason that `stop` throws. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Ends; throws what went wrong meanwhile. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#feeding
    if (this.#failure !== undefined) throw this.#failure
  }

  readonly #fail = (reason: unknown): void => {
    this.#failure ??= new Error('What feeds the live generation failed.', { cause: reason })
    this.#stop.abort()
  }

  async #run(): Promise<void> {
    await this.#feedAll().catch(this.#fail)
  }

  async #feedAll(): Promise<void> {
    const fed = new Map<number, AbortController>()
    const running: Promise<void>[] = []
    while (!this.#stop.signal.aborted) {
      const fingerprint = projectionFingerprint(this.#definition)
      const generations = await this.#host.store.generations(this.#definition.name)
      const mine = generations.filter((one) => (one.state === 'live' || one.state === 'previous') && one.fingerprint === fingerprint)
      for (const generation of mine) {
        if (fed.has(generation.generation)) continue
        const own = new AbortController()
        fed.set(generation.generation, own)
        running.push(this.#feed(generation, own.signal).catch(this.#fail))
      }
      for (const [number, own] of fed) if (!mine.some((one) => one.generation === number)) own.abort()
      await delay(200)
    }
    for (const own of fed.values()) own.abort()
    await Promise.all(running)
  }

  async #feed(generation: Generation, signal: AbortSignal): Promise<void> {
    const { reader, subscriptions, rows } = this.#host
    const consumer = projectionConsumer({ definition: this.#definition, generation, rows })
    const { key, fingerprint, partitions } = consumer.spec
    const owner = uuidv7()
    while (!signal.aborted) {
      const taken = await subscriptions.take(key, 0, owner, fingerprint, leaseMs)
      if (taken === undefined) {
        await delay(50)
        continue
      }
      const processor = await consumer.open({ partition: 0, partitions, signal })
      let { checkpoint } = taken
      let renewed = performance.now()
      try {
        while (!signal.aborted) {
          const page = await reader.read({ after: checkpoint, limit: 500, types: this.#definition.types })
          await processor.handle(page.events, { attempt: 1, retried: false, rebuilding: false, signal })
          if (page.next > checkpoint) {
            await subscriptions.commit(taken.lease, { checkpoint: page.next }, (tx) => processor.commit?.(tx) ?? Promise.resolve())
            processor.committed?.()
            checkpoint = page.next
          } else await delay(3)
          if (performance.now() - renewed > leaseMs / 3) {
            await subscriptions.heartbeat({ id: owner, label: 'live', runs: [{ key, fingerprint }] }, [taken.lease], leaseMs)
            renewed = performance.now()
          }
        }
        await subscriptions.release([taken.lease])
      } catch (error) {
        // Taken away by a rebuild of a tenant, or in place; dropped with its generation.
        if (!isLeaseLost(error) && !signal.aborted) throw error
      }
    }
  }
}
