import { mayMove, runningStates, subscriptionStates, type Lease, type SubscriptionSpec, type SubscriptionState } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { SubscriptionStoreContext } from './context.ts'
import { failure, givenLease, givenLostLease, givenState, givenSubscription, parkedAt, partitionOf, statusOf, take } from './given.ts'

const pairs = subscriptionStates.flatMap((from) => subscriptionStates.map((to) => ({ from, to })))

/** A held partition that an operator then moves to a state. */
async function heldIn(context: SubscriptionStoreContext, state: SubscriptionState): Promise<[SubscriptionSpec, Lease]> {
  const spec = await givenState(context, 'new')
  const { lease } = await take(context.store, spec)
  await context.store.control(spec.key, state)
  return [spec, lease]
}

export const marking = contractGroup<SubscriptionStoreContext>('markState', {
  'makes the moves that are allowed out of the states that run, or lets it stay, and makes no other': async (context) => {
    for (const { from, to } of pairs) {
      const [spec, lease] = await heldIn(context, from)
      const legal = runningStates.includes(from) && (from === to || mayMove(from, to))
      expect([from, to, await context.store.markState(lease, to)]).toEqual([from, to, legal])
      expect((await partitionOf(context.rival, spec.key)).state).toBe(legal ? to : from)
    }
  },

  'stores the failure, and clears it when there is none': async (context) => {
    const [spec, lease] = await givenLease(context)
    expect(await context.store.markState(lease, 'retrying', failure)).toBe(true)
    expect(await partitionOf(context.rival, spec.key)).toMatchObject({ state: 'retrying', failure })
    expect(await context.store.markState(lease, 'live')).toBe(true)
    expect(await partitionOf(context.rival, spec.key)).toMatchObject({ state: 'live', failure: undefined })
    expect(await context.store.markState(lease, 'failed', { ...failure, eventId: undefined, position: undefined })).toBe(true)
    expect((await partitionOf(context.rival, spec.key)).failure).toMatchObject({ message: failure.message, at: failure.at })
  },

  'changes nothing when the move is not allowed, the failure included': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.markState(lease, 'failed', failure)
    const before = await statusOf(context.store, spec.key)
    expect(await context.store.markState(lease, 'live')).toBe(false)
    expect(await statusOf(context.store, spec.key)).toEqual(before)
  },

  'moves one partition': async (context) => {
    const [spec, lease] = await givenLease(context, { partitions: 2 })
    await context.store.markState(lease, 'live')
    expect((await statusOf(context.store, spec.key)).partitions.map(({ state }) => state)).toEqual(['live', 'new'])
  },

  'is refused to an ex-owner': async (context) => {
    const [spec, lost] = await givenLostLease(context)
    await refusal('CAIRN_LEASE_LOST', context.store.markState(lost, 'failed', failure))
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ state: 'new', failure: undefined })
    await context.store.remove(spec.key)
    await refusal('CAIRN_LEASE_LOST', context.store.markState(lost, 'live'))
  },
})

export const controlling = contractGroup<SubscriptionStoreContext>('control', {
  'moves every partition, where the move is allowed, and leaves alone what is there already': async (context) => {
    for (const { from, to } of pairs) {
      const spec = await givenState(context, from, 2)
      if (from === to || mayMove(from, to)) await context.store.control(spec.key, to)
      else {
        const error = await refusal('CAIRN_ILLEGAL_STATE', context.store.control(spec.key, to))
        expect(error.details).toMatchObject({ name: spec.key.name, from, to })
      }
      const expected = mayMove(from, to) ? to : from
      expect((await statusOf(context.rival, spec.key)).partitions.map(({ state }) => state)).toEqual([expected, expected])
    }
  },

  'moves all partitions or none': async (context) => {
    const [spec, lease] = await givenLease(context, { partitions: 2 })
    await context.store.markState(lease, 'failed', failure)
    await refusal('CAIRN_ILLEGAL_STATE', context.store.control(spec.key, 'live'))
    expect((await statusOf(context.store, spec.key)).partitions.map(({ state }) => state)).toEqual(['failed', 'new'])
    await context.store.control(spec.key, 'paused')
    await context.store.control(spec.key, 'paused')
    expect((await statusOf(context.store, spec.key)).partitions.map(({ state }) => state)).toEqual(['paused', 'paused'])
  },

  'keeps the failure while it is stopped, and clears it when it goes on': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.markState(lease, 'failed', failure)
    await context.store.control(spec.key, 'paused')
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ state: 'paused', failure })
    await context.store.control(spec.key, 'catching-up')
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ state: 'catching-up', failure: undefined })
  },

  'leaves the holder its lease, which may finish what it began and not go on': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.rival.control(spec.key, 'paused')
    await context.store.commit(lease, { checkpoint: 3 })
    expect(await context.store.markState(lease, 'catching-up')).toBe(false)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ state: 'paused', checkpoint: 3, owner: lease.owner })
  },

  'knows nothing of what is not stored': async (context) => {
    const key = { name: context.name('unknown'), generation: 1 }
    await givenSubscription(context, { key: { name: key.name, generation: 2 } })
    await refusal('CAIRN_UNKNOWN_SUBSCRIPTION', context.store.control(key, 'paused'))
    await refusal('CAIRN_UNKNOWN_SUBSCRIPTION', context.store.reset(key, 0))
  },
})

export const resetting = contractGroup<SubscriptionStoreContext>('reset', {
  'moves every checkpoint, forward and back': async (context) => {
    const [spec, lease] = await givenLease(context, { partitions: 2, startAfter: 10 })
    await context.store.commit(lease, { checkpoint: 20 })
    await context.store.control(spec.key, 'paused')
    for (const position of [5, 99, 0]) {
      await context.store.reset(spec.key, position)
      expect((await statusOf(context.rival, spec.key)).partitions).toMatchObject([
        { checkpoint: position, state: 'paused' },
        { checkpoint: position, state: 'paused' },
      ])
    }
    await context.store.control(spec.key, 'catching-up')
    expect((await take(context.store, spec)).checkpoint).toBe(0)
  },

  'takes the leases from their holders': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.control(spec.key, 'paused')
    await context.rival.reset(spec.key, 5)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: undefined, checkpoint: 5 })
    await refusal('CAIRN_LEASE_LOST', context.store.commit(lease, { checkpoint: 9 }))
    await refusal('CAIRN_LEASE_LOST', context.store.markState(lease, 'live'))
    expect((await context.store.heartbeat({ id: lease.owner, label: '', runs: [] }, [lease], 60_000)).renewed).toEqual([])
    await context.store.control(spec.key, 'catching-up')
    expect((await take(context.rival, spec)).lease.fence).toBeGreaterThan(lease.fence)
  },

  'forgets parked events and the failure': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7)] })
    await context.store.markState(lease, 'failed', failure)
    await context.store.control(spec.key, 'paused')
    await context.store.reset(spec.key, 0)
    expect(await context.store.parked({ key: spec.key })).toEqual([])
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ parked: 0, failure: undefined, checkpoint: 0 })
  },

  'stands whatever step of a commit it comes upon: that one is stored before it, or not at all': async (context) => {
    for (let turns = 0; turns < 12; turns++) {
      const [spec, lease] = await givenLease(context, { key: { name: context.name(`after-${turns}-turns`), generation: 1 } })
      const commit = Promise.allSettled([context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7)] })])
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await context.rival.control(spec.key, 'paused')
      await context.rival.reset(spec.key, 5)
      const [outcome] = await commit
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_LEASE_LOST' })
      expect(await partitionOf(context.store, spec.key)).toMatchObject({ state: 'paused', checkpoint: 5, parked: 0 })
    }
  },

  'is for paused subscriptions': async (context) => {
    for (const state of subscriptionStates.filter((one) => one !== 'paused')) {
      const spec = await givenState(context, state)
      const before = await statusOf(context.store, spec.key)
      const error = await refusal('CAIRN_ILLEGAL_STATE', context.store.reset(spec.key, 5))
      expect(error.details).toMatchObject({ from: state })
      expect(await statusOf(context.store, spec.key)).toEqual(before)
    }
  },

  'refuses a position that is none': async (context) => {
    const spec = await givenState(context, 'paused')
    for (const position of [-1, 1.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => context.store.reset(spec.key, position))
    expect((await partitionOf(context.store, spec.key)).checkpoint).toBe(0)
  },
})

export const removing = contractGroup<SubscriptionStoreContext>('remove', {
  'forgets a subscription with all that is kept of it, and nothing else': async (context) => {
    const [spec, lease] = await givenLease(context)
    const other = await givenSubscription(context, { key: { ...spec.key, generation: 2 } })
    const { lease: kept } = await take(context.store, other)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7)] })
    await context.store.commit(kept, { checkpoint: 9, park: [parkedAt(7)] })
    await context.rival.remove(spec.key)
    expect(await context.store.get(spec.key)).toBeUndefined()
    expect(await context.store.parked({ key: spec.key })).toEqual([])
    expect(await partitionOf(context.store, other.key)).toMatchObject({ checkpoint: 9, parked: 1, owner: kept.owner })
    await context.store.remove(spec.key)
  },

  'lets the name begin anew': async (context) => {
    const [spec, lease] = await givenLease(context, { version: 4, partitions: 2 })
    await context.store.commit(lease, { checkpoint: 9 })
    await context.store.remove(spec.key)
    const anew = await givenSubscription(context, { key: spec.key, version: 1, startAfter: 3 })
    expect((await statusOf(context.store, spec.key)).partitions).toMatchObject([{ checkpoint: 3, state: 'new', owner: undefined }])
    await take(context.store, anew)
  },
})
