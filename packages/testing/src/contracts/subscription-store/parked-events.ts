import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { SubscriptionStoreContext } from './context.ts'
import { givenLease, givenSubscription, parkedAt, take } from './given.ts'

const positionsOf = (events: readonly { readonly position: number }[]): readonly number[] => events.map(({ position }) => position)

export const parkedEvents = contractGroup<SubscriptionStoreContext>('parked and request', {
  'list by position, in pages': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 50, park: [30, 10, 50, 20, 40].map((position) => parkedAt(position)) })
    expect(positionsOf(await context.rival.parked({ key: spec.key }))).toEqual([10, 20, 30, 40, 50])
    expect(positionsOf(await context.store.parked({ key: spec.key, limit: 2 }))).toEqual([10, 20])
    expect(positionsOf(await context.store.parked({ key: spec.key, after: 20, limit: 2 }))).toEqual([30, 40])
    expect(positionsOf(await context.store.parked({ key: spec.key, after: 50 }))).toEqual([])
  },

  'list by subscription, partition and key': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2 })
    for (const partition of [0, 1]) {
      const { lease } = await take(context.store, spec, partition)
      const keys = ['a', 'b']
      await context.store.commit(lease, {
        checkpoint: 50,
        park: keys.map((parkingKey, i) => parkedAt(10 * partition + i + 1, { parkingKey })),
      })
    }
    const [other, lease] = await givenLease(context, { key: { ...spec.key, generation: 2 } })
    await context.store.commit(lease, { checkpoint: 50, park: [parkedAt(1)] })
    expect(positionsOf(await context.store.parked({ key: spec.key }))).toEqual([1, 2, 11, 12])
    expect(positionsOf(await context.store.parked({ key: spec.key, partition: 1 }))).toEqual([11, 12])
    expect(positionsOf(await context.store.parked({ key: spec.key, parkingKey: 'b' }))).toEqual([2, 12])
    expect(positionsOf(await context.store.parked({ key: spec.key, partition: 0, parkingKey: 'b' }))).toEqual([2])
    expect(positionsOf(await context.store.parked({ key: other.key }))).toEqual([1])
    const all = await context.store.parked({ limit: 10_000 })
    expect(all.filter(({ key }) => key.name === spec.key.name)).toHaveLength(5)
  },

  'flag all events of a subscription, and tell how many': async (context) => {
    const [spec, lease] = await givenLease(context)
    expect(await context.store.request(spec.key, 'retry')).toBe(0)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7), parkedAt(8, { status: 'waiting', failure: undefined })] })
    expect(await context.rival.request(spec.key, 'discard')).toBe(2)
    expect((await context.store.parked({ key: spec.key })).map(({ request }) => request)).toEqual(['discard', 'discard'])
    // Whoever asks last is heard.
    expect(await context.rival.request(spec.key, 'retry')).toBe(2)
    expect((await context.store.parked({ key: spec.key })).map(({ request }) => request)).toEqual(['retry', 'retry'])
  },

  'flag what waits behind an event that is taken off the list, in the same commit': async (context) => {
    const [spec, lease] = await givenLease(context)
    const waiting = { status: 'waiting', failure: undefined } as const
    const park = [
      parkedAt(5, { parkingKey: 'b' }),
      parkedAt(6, { parkingKey: 'b', ...waiting }),
      parkedAt(7),
      parkedAt(8, waiting),
      parkedAt(9, waiting),
    ]
    await context.store.commit(lease, { checkpoint: 9, park })
    await context.store.request(spec.key, 'retry', [7])
    await context.store.commit(lease, { unpark: [7] })
    expect(positionsOf(await context.store.parked({ key: spec.key, requestedOnly: true }))).toEqual([8, 9])
    // What comes behind them later is reached through them, and by their own end.
    await context.store.commit(lease, { checkpoint: 11, park: [parkedAt(10, waiting)], unpark: [8] })
    await context.store.commit(lease, { unpark: [9] })
    expect(positionsOf(await context.store.parked({ key: spec.key, requestedOnly: true }))).toEqual([10])
  },

  'keep what is asked to be discarded while it is parked again, and forget that it was to be tried again': async (context) => {
    const [spec, lease] = await givenLease(context)
    const park = [parkedAt(7), parkedAt(8), parkedAt(9)]
    await context.store.commit(lease, { checkpoint: 9, park })
    await context.store.request(spec.key, 'retry', [7, 8])
    await context.rival.request(spec.key, 'discard', [8])
    await context.store.commit(lease, { park })
    expect((await context.store.parked({ key: spec.key })).map(({ request }) => request)).toEqual([undefined, 'discard', undefined])
  },

  'flag the events at some positions': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7), parkedAt(8), parkedAt(9)] })
    expect(await context.store.request(spec.key, 'retry', [7, 9, 1_000])).toBe(2)
    expect(await context.store.request(spec.key, 'discard', [])).toBe(0)
    expect((await context.store.parked({ key: spec.key })).map(({ request }) => request)).toEqual(['retry', undefined, 'retry'])
    expect(positionsOf(await context.store.parked({ key: spec.key, requestedOnly: true }))).toEqual([7, 9])
    // Only flagged: it is for the holder of the lease to act.
    expect(await context.store.parked({ key: spec.key })).toHaveLength(3)
  },

  'flag nothing of another subscription': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7)] })
    expect(await context.store.request({ ...spec.key, generation: 2 }, 'retry')).toBe(0)
    expect(await context.store.parked({ key: spec.key, requestedOnly: true })).toEqual([])
  },

  'refuse limits and positions that are none': async (context) => {
    const spec = await givenSubscription(context)
    for (const limit of [0, -1, 1.5]) await refusal('CAIRN_INVALID_INPUT', () => context.store.parked({ key: spec.key, limit }))
    await refusal('CAIRN_INVALID_INPUT', () => context.store.parked({ key: spec.key, after: -1 }))
    await refusal('CAIRN_INVALID_INPUT', () => context.store.request(spec.key, 'retry', [1.5]))
  },
})
