import { hostname } from 'node:os'
import {
  LeaseLostError,
  uuidv7,
  type Lease,
  type LoggerPort,
  type Member,
  type SubscriptionKey,
  type SubscriptionStorePort,
  type TakenLease,
} from '@cairn/core'

/** Heartbeats within the life of a lease: two may fail. */
const beatsPerLease = 3

/** The leases of one rebuild: takes them, renews them while it works, gives them back. */
export class LeaseKeeper {
  readonly #store: SubscriptionStorePort
  readonly #leaseMs: number
  readonly #logger: LoggerPort
  readonly #id = uuidv7()
  readonly #held = new Map<string, Lease>()
  readonly #runs = new Map<string, Member['runs'][number]>()
  readonly #lost = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> | undefined

  constructor(store: SubscriptionStorePort, leaseMs: number, logger: LoggerPort) {
    this.#store = store
    this.#leaseMs = leaseMs
    this.#logger = logger
  }

  /** Undefined while somebody else holds it. */
  async take(key: SubscriptionKey, partition: number, fingerprint: string): Promise<TakenLease | undefined> {
    this.#runs.set(`${key.name} ${key.generation}`, { key, fingerprint })
    if (this.#timer === undefined) await this.#start()
    const taken = await this.#store.take(key, partition, this.#id, fingerprint, this.#leaseMs)
    if (taken === undefined) return undefined
    this.#held.set(idOf(taken.lease), taken.lease)
    this.#lost.delete(idOf(taken.lease))
    return taken
  }

  /** @throws LeaseLostError when a heartbeat found that somebody else has it */
  assertHeld(lease: Lease): void {
    if (this.#lost.has(idOf(lease))) throw new LeaseLostError(lease.key.name, lease.partition)
  }

  async release(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) {
      this.#held.delete(idOf(lease))
      this.#lost.delete(idOf(lease))
    }
    await this.#store.release(leases)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#beating
    await this.#store.release([...this.#held.values()])
    this.#held.clear()
    await this.#store.leave(this.#id)
  }

  async #start(): Promise<void> {
    await this.#beat()
    this.#timer = setInterval(() => {
      // One that hangs must not be overtaken by the next.
      this.#beating ??= this.#beat()
        .catch((error: unknown) => this.#logger.warn('A heartbeat of the rebuild failed.', { component: 'rebuild', error }))
        .finally(() => (this.#beating = undefined))
    }, this.#leaseMs / beatsPerLease)
  }

  async #beat(): Promise<void> {
    const held = [...this.#held.values()]
    const member: Member = { id: this.#id, label: `rebuild ${hostname()} ${process.pid}`, runs: [...this.#runs.values()] }
    const { renewed } = await this.#store.heartbeat(member, held, this.#leaseMs)
    const kept = new Set(renewed.map(idOf))
    // Leases that were given back meanwhile are nobody's loss.
    for (const lease of held) if (!kept.has(idOf(lease)) && this.#held.get(idOf(lease)) === lease) this.#lost.add(idOf(lease))
  }
}

function idOf({ key, partition }: Lease): string {
  return `${key.name} ${key.generation} ${partition}`
}
