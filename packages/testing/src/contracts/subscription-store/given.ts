import { createHash } from 'node:crypto'
import {
  uuidv7,
  type EventToPark,
  type Lease,
  type Member,
  type PartitionStatus,
  type StoredFailure,
  type SubscriptionKey,
  type SubscriptionSpec,
  type SubscriptionState,
  type SubscriptionStatus,
  type SubscriptionStorePort,
  type TakenLease,
} from '@cairn/core'
import type { SubscriptionStoreContext } from './context.ts'

/** Longer than any case, on any machine. */
export const longLeaseMs = 600_000
/** Has run out when twice as much time is over. Long enough that a process on a busy machine is not thrown out while it still works. */
export const shortLeaseMs = 150

export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function specOf(context: SubscriptionStoreContext, changes: Partial<SubscriptionSpec> = {}): SubscriptionSpec {
  return {
    key: { name: context.name(), generation: 1 },
    kind: context.kind,
    version: 1,
    fingerprint: fingerprint('one'),
    partitions: 1,
    startAfter: 0,
    ...changes,
  }
}

export async function givenSubscription(
  context: SubscriptionStoreContext,
  changes: Partial<SubscriptionSpec> = {},
): Promise<SubscriptionSpec> {
  const spec = specOf(context, changes)
  await context.store.register(spec)
  return spec
}

/** Takes a partition that nobody holds. */
export async function take(
  store: SubscriptionStorePort,
  spec: SubscriptionSpec,
  partition = 0,
  leaseMs = longLeaseMs,
  owner: string = uuidv7(),
): Promise<TakenLease> {
  const taken = await store.take(spec.key, partition, owner, spec.fingerprint, leaseMs)
  if (taken === undefined) throw new Error(`Partition ${partition} of ${spec.key.name} should have been free.`)
  return taken
}

export async function givenLease(
  context: SubscriptionStoreContext,
  changes: Partial<SubscriptionSpec> = {},
): Promise<[SubscriptionSpec, Lease]> {
  const spec = await givenSubscription(context, changes)
  return [spec, (await take(context.store, spec)).lease]
}

/** A lease that ran out and that somebody else took: whose commits must not count. */
export async function givenLostLease(context: SubscriptionStoreContext): Promise<[SubscriptionSpec, lost: Lease, held: Lease]> {
  const spec = await givenSubscription(context)
  const { lease: lost } = await take(context.store, spec, 0, shortLeaseMs)
  await context.elapse(2 * shortLeaseMs)
  const { lease: held } = await take(context.rival, spec)
  return [spec, lost, held]
}

/** A subscription whose partitions are all in this state. */
export async function givenState(context: SubscriptionStoreContext, state: SubscriptionState, partitions = 1): Promise<SubscriptionSpec> {
  const spec = await givenSubscription(context, { key: { name: context.name(`in-${state}-${uuidv7()}`), generation: 1 }, partitions })
  await context.store.control(spec.key, state)
  return spec
}

export async function statusOf(store: SubscriptionStorePort, key: SubscriptionKey): Promise<SubscriptionStatus> {
  const status = await store.get(key)
  if (status === undefined) throw new Error(`${key.name} is not stored.`)
  return status
}

export async function partitionOf(store: SubscriptionStorePort, key: SubscriptionKey, partition = 0): Promise<PartitionStatus> {
  const found = (await statusOf(store, key)).partitions[partition]
  if (found === undefined) throw new Error(`${key.name} has no partition ${partition}.`)
  return found
}

export function memberOf(...specs: readonly SubscriptionSpec[]): Member {
  return { id: uuidv7(), label: 'a host, pid 1', runs: specs.map(({ key, fingerprint: print }) => ({ key, fingerprint: print })) }
}

/** Fails where something waits that should not. */
export async function soon<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('It waits.')), 6_000)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export const failure: StoredFailure = {
  category: 'CAIRN_BUSINESS_RULE',
  message: 'The order is closed.',
  eventId: uuidv7(),
  position: 7,
  attempts: 3,
  at: new Date('2026-01-02T03:04:05.678Z'),
}

export function parkedAt(position: number, changes: Partial<EventToPark> = {}): EventToPark {
  return {
    parkingKey: 'order-1',
    position,
    eventId: uuidv7(),
    tenantId: 'tenant-1',
    type: 'order.created',
    status: 'parked',
    failure,
    ...changes,
  }
}
