import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { SubscriptionStoreContext } from './context.ts'
import { failure, givenLease, givenLostLease, longLeaseMs, parkedAt, partitionOf, shortLeaseMs, soon, take } from './given.ts'

export const committing = contractGroup<SubscriptionStoreContext>('commit', {
  'moves the checkpoint, alone or with effects': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 3 })
    expect(await partitionOf(context.rival, spec.key)).toMatchObject({ checkpoint: 3, fence: lease.fence })
    const note = context.name('note')
    await context.store.commit(lease, { checkpoint: 5 }, (tx) => context.effects.write(tx, note))
    expect(await partitionOf(context.rival, spec.key)).toMatchObject({ checkpoint: 5, fence: lease.fence })
    expect((await context.effects.written()).filter((written) => written === note)).toHaveLength(1)
  },

  'tells when it was': async (context) => {
    const [spec, lease] = await givenLease(context)
    const before = (await partitionOf(context.store, spec.key)).updatedAt
    await context.elapse(5)
    await context.store.commit(lease, { checkpoint: 3 })
    expect((await partitionOf(context.store, spec.key)).updatedAt.getTime()).toBeGreaterThan(before.getTime())
  },

  'leaves the checkpoint where none is given, and takes the same again': async (context) => {
    const [spec, lease] = await givenLease(context, { startAfter: 4 })
    await context.store.commit(lease, {})
    await context.store.commit(lease, {}, () => Promise.resolve())
    await context.store.commit(lease, { checkpoint: 4 })
    await context.store.commit(lease, { checkpoint: 4 }, () => Promise.resolve())
    expect((await partitionOf(context.store, spec.key)).checkpoint).toBe(4)
  },

  'never moves the checkpoint back': async (context) => {
    const [spec, lease] = await givenLease(context, { startAfter: 4 })
    const note = context.name('note')
    await refusal('CAIRN_INVALID_INPUT', () => context.store.commit(lease, { checkpoint: 3 }))
    await refusal('CAIRN_INVALID_INPUT', () => context.store.commit(lease, { checkpoint: 3 }, (tx) => context.effects.write(tx, note)))
    expect((await partitionOf(context.store, spec.key)).checkpoint).toBe(4)
    expect(await context.effects.written()).not.toContain(note)
    await context.store.commit(lease, { checkpoint: 5 })
  },

  'is nothing at all when the effects fail, and throws what they threw': async (context) => {
    const [spec, lease] = await givenLease(context)
    const note = context.name('note')
    const failed = new Error('the handler fails')
    const commit = context.store.commit(lease, { checkpoint: 9, park: [parkedAt(8)] }, async (tx) => {
      await context.effects.write(tx, note)
      throw failed
    })
    await expect(commit).rejects.toBe(failed)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 0, parked: 0 })
    expect(await context.effects.written()).not.toContain(note)
    await context.store.commit(lease, { checkpoint: 9 }, (tx) => context.effects.write(tx, note))
    expect(await context.effects.written()).toContain(note)
  },

  'stores nothing of an ex-owner': async (context) => {
    const [spec, lost, held] = await givenLostLease(context)
    const note = context.name('note')
    await refusal('CAIRN_LEASE_LOST', () => context.store.commit(lost, { checkpoint: 9, park: [parkedAt(8)] }))
    await refusal('CAIRN_LEASE_LOST', () =>
      context.store.commit(lost, { checkpoint: 9, park: [parkedAt(8)] }, (tx) => context.effects.write(tx, note)),
    )
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 0, parked: 0, owner: held.owner })
    expect(await context.effects.written()).not.toContain(note)
    await context.rival.commit(held, { checkpoint: 1 })
  },

  'stores nothing of an owner that loses its lease while its effects run': async (context) => {
    const [spec, lease] = await givenLease(context)
    const note = context.name('note')
    await context.store.heartbeat({ id: lease.owner, label: '', runs: [] }, [lease], shortLeaseMs)
    const commit = context.store.commit(lease, { checkpoint: 9, park: [parkedAt(8)] }, async (tx) => {
      await context.effects.write(tx, note)
      await context.elapse(2 * shortLeaseMs)
      const { lease: held } = await take(context.rival, spec)
      await context.rival.commit(held, { checkpoint: 5 })
    })
    await refusal('CAIRN_LEASE_LOST', commit)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 5, parked: 0 })
    expect(await context.effects.written()).not.toContain(note)
  },

  'goes through when the lease has run out and nobody took it': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.heartbeat({ id: lease.owner, label: '', runs: [] }, [lease], shortLeaseMs)
    await context.elapse(2 * shortLeaseMs)
    await context.store.commit(lease, { checkpoint: 3 })
    expect((await partitionOf(context.store, spec.key)).checkpoint).toBe(3)
  },

  'takes a lease that another store object took': async (context) => {
    const [spec, lease] = await givenLease(context)
    const note = context.name('note')
    await context.rival.commit(lease, { checkpoint: 3 }, (tx) => context.effects.write(tx, note))
    await context.rival.commit(lease, { checkpoint: 4 })
    expect((await partitionOf(context.store, spec.key)).checkpoint).toBe(4)
    expect(await context.effects.written()).toContain(note)
  },

  'is refused when the subscription is gone': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.remove(spec.key)
    await refusal('CAIRN_LEASE_LOST', () => context.store.commit(lease, { checkpoint: 1 }))
    await refusal('CAIRN_LEASE_LOST', () => context.store.commit(lease, { checkpoint: 1 }, () => Promise.resolve()))
  },

  'parks events with it': async (context) => {
    const [spec, lease] = await givenLease(context)
    const parked = parkedAt(7)
    const waiting = parkedAt(9, { status: 'waiting', failure: undefined })
    await context.store.commit(lease, { checkpoint: 9, park: [waiting, parked] }, () => Promise.resolve())
    const shared = { key: spec.key, partition: 0, request: undefined, parkedAt: expect.any(Date) as Date }
    expect(await context.rival.parked({ key: spec.key })).toEqual([
      { ...parked, ...shared },
      { ...waiting, ...shared },
    ])
    expect(await partitionOf(context.rival, spec.key)).toMatchObject({ checkpoint: 9, parked: 1, waiting: 1 })
  },

  'parks an event again: with its newest failure, and with nothing asked for': async (context) => {
    const [spec, lease] = await givenLease(context)
    const waiting = parkedAt(7, { status: 'waiting', failure: undefined })
    await context.store.commit(lease, { checkpoint: 7, park: [waiting] })
    await context.store.request(spec.key, 'retry')
    const again = { ...waiting, status: 'parked' as const, failure: { ...failure, message: 'It failed again.', attempts: 8 } }
    await context.store.commit(lease, { park: [again] })
    expect(await context.store.parked({ key: spec.key })).toMatchObject([{ ...again, request: undefined }])
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 7, parked: 1, waiting: 0 })
  },

  'takes events back that are done': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, { checkpoint: 9, park: [parkedAt(7), parkedAt(8), parkedAt(9)] })
    await context.store.commit(lease, { unpark: [7, 9, 1_000] }, () => Promise.resolve())
    expect((await context.store.parked({ key: spec.key })).map(({ position }) => position)).toEqual([8])
    await context.store.commit(lease, { unpark: [8] })
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 9, parked: 0, waiting: 0 })
  },

  'parks whatever text a failure or a key holds': async (context) => {
    const [spec, lease] = await givenLease(context)
    const keys = ['', 'a\0b', '"quoted"', '"', 'half \uD800', String.raw`back\slash`, '{a,b}', 'NULL', 'a\nb']
    const odd = { ...failure, message: 'NUL \0 and half a pair \uDC00 "quoted"', category: 'Type\0Error' }
    await context.store.commit(lease, { checkpoint: 99, park: keys.map((parkingKey, i) => parkedAt(i + 1, { parkingKey, failure: odd })) })
    const parked = await context.store.parked({ key: spec.key })
    expect(parked.map(({ parkingKey }) => parkingKey)).toEqual(keys)
    for (const { failure: stored } of parked) {
      expect(stored?.message).toContain('"quoted"')
      expect(stored).toMatchObject({ position: odd.position, eventId: odd.eventId, attempts: odd.attempts, at: odd.at })
    }
    for (const [i, parkingKey] of keys.entries()) {
      expect((await context.store.parked({ key: spec.key, parkingKey })).map(({ position }) => position)).toEqual([i + 1])
    }
    await context.store.release([lease])
    expect((await take(context.store, spec)).blockedKeys.toSorted()).toEqual(keys.toSorted())
  },

  'refuses positions that are none': async (context) => {
    const [spec, lease] = await givenLease(context)
    for (const progress of [{ checkpoint: -1 }, { checkpoint: 1.5 }, { checkpoint: 1, park: [parkedAt(-1)] }, { unpark: [Number.NaN] }]) {
      await refusal('CAIRN_INVALID_INPUT', () => context.store.commit(lease, progress))
    }
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ checkpoint: 0, parked: 0 })
    await context.store.heartbeat({ id: lease.owner, label: '', runs: [] }, [lease], longLeaseMs)
    await context.store.commit(lease, { checkpoint: 1 })
  },

  'of one partition leaves the others alone': async (context) => {
    const [spec, one] = await givenLease(context, { partitions: 2 })
    const { lease: two } = await take(context.rival, spec, 1)
    await context.store.commit(one, { checkpoint: 5 }, async () => {
      // Neither waits for the other.
      await soon(context.rival.commit(two, { checkpoint: 7 }))
    })
    expect((await partitionOf(context.store, spec.key, 0)).checkpoint).toBe(5)
    expect((await partitionOf(context.store, spec.key, 1)).checkpoint).toBe(7)
  },
})
