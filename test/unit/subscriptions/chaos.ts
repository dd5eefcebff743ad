import {
  DatabaseUnavailableError,
  type ClockPort,
  type LogReaderPort,
  type LogReadOptions,
  type LogReadPage,
  type SubscriptionKey,
  type SubscriptionStorePort,
} from '@cairn/core'
import type { InMemorySubscriptionStore } from '@cairn/infra/memory'

/** Numbers from 0 to 1 that a seed determines. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Time that a test moves on. */
export class JumpingClock implements ClockPort {
  #ahead = 0

  now(): Date {
    return new Date(Date.now() + this.#ahead)
  }

  jump(ms: number): void {
    this.#ahead += ms
  }
}

export interface Chaos {
  readonly random: () => number
  /** How often a call fails, 0..1. */
  rate: number
  /** How often each kind of failure came. */
  readonly hits: { lostBefore: number; lostAfter: number; reads: number; steals: number }
}

const lost = (what: string): DatabaseUnavailableError => new DatabaseUnavailableError(what, new Error('the connection was cut'))

/** A store whose connection breaks: before a call, or after a commit took effect. */
export function breakingStore(inner: InMemorySubscriptionStore, chaos: Chaos): SubscriptionStorePort {
  // Commits break most: that is where something can be lost or doubled.
  const fails = (times = 1): boolean => chaos.random() < chaos.rate * times
  return {
    register: (spec) => inner.register(spec),
    get: async (key) => {
      if (fails()) throw lost('get')
      return inner.get(key)
    },
    list: () => inner.list(),
    heartbeat: async (member, leases, leaseMs) => {
      if (fails()) throw lost('heartbeat')
      return inner.heartbeat(member, leases, leaseMs)
    },
    take: async (...args) => {
      if (fails()) throw lost('take')
      return inner.take(...args)
    },
    release: async (leases) => {
      if (fails()) throw lost('release')
      return inner.release(leases)
    },
    leave: (memberId) => inner.leave(memberId),
    commit: async (lease, progress, effects) => {
      if (fails(3)) {
        chaos.hits.lostBefore++
        throw lost('commit')
      }
      await inner.commit(lease, progress, effects)
      if (fails(3)) {
        chaos.hits.lostAfter++
        throw lost('commit')
      }
    },
    markState: async (...args) => {
      if (fails()) throw lost('markState')
      return inner.markState(...args)
    },
    control: (key, state) => inner.control(key, state),
    reset: (key, position) => inner.reset(key, position),
    remove: (key) => inner.remove(key),
    parked: async (filter) => {
      if (fails()) throw lost('parked')
      return inner.parked(filter)
    },
    request: (key, what, positions) => inner.request(key, what, positions),
  }
}

/** A log whose connection breaks. */
export function breakingReader(inner: LogReaderPort, chaos: Chaos): LogReaderPort {
  return {
    logId: () => inner.logId(),
    head: () => inner.head(),
    positionAt: (time) => inner.positionAt(time),
    async read(options: LogReadOptions): Promise<LogReadPage> {
      // As from a database: never in the same turn.
      await new Promise((resolve) => setImmediate(resolve))
      if (chaos.random() < chaos.rate) {
        chaos.hits.reads++
        throw new DatabaseUnavailableError('reading', new Error('the connection was cut'))
      }
      return inner.read(options)
    },
  }
}

/** Takes a partition from whoever holds it, as another process does when the lease has run out, and gives it back. */
export async function steal(
  store: InMemorySubscriptionStore,
  clock: JumpingClock,
  key: SubscriptionKey,
  partition: number,
  leaseMs: number,
): Promise<boolean> {
  const status = await store.get(key)
  clock.jump(leaseMs + 1)
  const taken = await store.take(key, partition, 'thief', status?.fingerprint ?? '', 1_000)
  if (taken !== undefined) await store.release([taken.lease])
  return taken !== undefined
}
