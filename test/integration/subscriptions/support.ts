import { createHash } from 'node:crypto'
import { uuidv7, type Lease, type Member, type SubscriptionKind, type SubscriptionSpec } from '@cairn/core'
import type { PgSubscriptionStore } from '@cairn/infra/pg'

/** Longer than any test. */
export const longLeaseMs = 600_000

export function newSpec(kind: SubscriptionKind = 'subscription', partitions = 1): SubscriptionSpec {
  return {
    key: { name: `reader-${uuidv7()}`, generation: 1 },
    kind,
    version: 1,
    fingerprint: createHash('sha256').update('one').digest('hex'),
    partitions,
    startAfter: 0,
  }
}

export async function takeOne(
  store: PgSubscriptionStore,
  spec: SubscriptionSpec,
  leaseMs = longLeaseMs,
  owner: string = uuidv7(),
  partition = 0,
): Promise<Lease> {
  await store.register(spec)
  const taken = await store.take(spec.key, partition, owner, spec.fingerprint, leaseMs)
  if (taken === undefined) throw new Error(`${spec.key.name} should have been free.`)
  return taken.lease
}

export function memberOf(spec: SubscriptionSpec): Member {
  return { id: uuidv7(), label: 'a test', runs: [{ key: spec.key, fingerprint: spec.fingerprint }] }
}

/** A point where something stops until it is let go. */
export interface Stop {
  /** Resolves when it has come here. */
  readonly reached: Promise<void>
  /** What stops here. */
  here(): Promise<void>
  letGo(): void
}

export function stop(): Stop {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    here: () => {
      reached.resolve()
      return released.promise
    },
    letGo: released.resolve,
  }
}
