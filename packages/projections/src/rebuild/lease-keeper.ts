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
  /** What it is counted for when partitions are shared out: that of which it holds a lease, or asks for one. */
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
    this.#runs.set(keyText(key), { key, fingerprint })
    if (this.#timer === undefined) await this.#start()
    const taken = await this.#store.take(key, partition, this.#id, fingerprint, this.#leaseMs)
    if (taken === undefined) return undefined
    this.#held.set(idOf(taken.lease), taken.lease)
    // A release of others may have dropped it meanwhile.
    this.#runs.set(keyText(key), { key, fingerprint })
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
    // Workers leave their share to whoever says that it runs it.
    if (this.#dropUnheld() && this.#timer !== undefined) await this.#beatNext()
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
      if (this.#beating === undefined) void this.#beatNext()
    }, this.#leaseMs / beatsPerLease)
  }

  /** Behind the one that is under way. Never rejects. */
  #beatNext(): Promise<void> {
    const beating = (this.#beating ?? Promise.resolve())
      .then(() => this.#beat())
      .catch((error: unknown) => this.#logger.warn('A heartbeat of the rebuild failed.', { component: 'rebuild', error }))
      .finally(() => {
        if (this.#beating === beating) this.#beating = undefined
      })
    this.#beating = beating
    return beating
  }

  /** True when there was something of which no lease is held any more. */
  #dropUnheld(): boolean {
    const held = new Set([...this.#held.values()].map(({ key }) => keyText(key)))
    const unheld = [...this.#runs.keys()].filter((key) => !held.has(key))
    for (const key of unheld) this.#runs.delete(key)
    return unheld.length > 0
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

function keyText({ name, generation }: SubscriptionKey): string {
  return `${name} ${generation}`
}

function idOf({ key, partition }: Lease): string {
  return `${keyText(key)} ${partition}`
}
