import { runningStates, subscriptionStates, uuidv7 } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { upTo } from '../observe.ts'
import type { SubscriptionStoreContext } from './context.ts'
import {
  fingerprint,
  givenLease,
  givenLostLease,
  givenState,
  givenSubscription,
  longLeaseMs,
  memberOf,
  parkedAt,
  partitionOf,
  shortLeaseMs,
  soon,
  specOf,
  take,
} from './given.ts'

export const taking = contractGroup<SubscriptionStoreContext>('take', {
  'gives a free partition, with where it stands': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2, startAfter: 4, initialState: 'rebuilding' })
    const taken = await take(context.store, spec, 1, longLeaseMs, 'process one')
    expect(taken).toMatchObject({ checkpoint: 4, state: 'rebuilding', blockedKeys: [] })
    expect(taken.lease).toMatchObject({ key: spec.key, partition: 1, owner: 'process one' })
    expect(await partitionOf(context.store, spec.key, 1)).toMatchObject({ owner: 'process one', fence: taken.lease.fence })
    expect(await partitionOf(context.store, spec.key, 0)).toMatchObject({ owner: undefined })
  },

  'gives one partition to one of many': async (context) => {
    const spec = await givenSubscription(context)
    const takers = upTo(16).map((n) =>
      (n % 2 === 0 ? context.store : context.rival).take(spec.key, 0, `process ${n}`, spec.fingerprint, longLeaseMs),
    )
    const taken = (await Promise.all(takers)).filter((lease) => lease !== undefined)
    expect(taken).toHaveLength(1)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: taken[0]?.lease.owner, fence: taken[0]?.lease.fence })
  },

  'gives nothing that somebody else holds': async (context) => {
    const [spec, lease] = await givenLease(context)
    expect(await context.rival.take(spec.key, 0, 'another', spec.fingerprint, longLeaseMs)).toBeUndefined()
    await context.store.commit(lease, { checkpoint: 1 })
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: lease.owner, fence: lease.fence })
  },

  'gives a partition whose lease has run out, under a higher fence': async (context) => {
    const [spec, lost, held] = await givenLostLease(context)
    expect(held.fence).toBeGreaterThan(lost.fence)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: held.owner, fence: held.fence })
  },

  'gives the holder its own partition again, under a higher fence': async (context) => {
    const [spec, lease] = await givenLease(context)
    const again = await take(context.store, spec, 0, longLeaseMs, lease.owner)
    expect(again.lease.fence).toBeGreaterThan(lease.fence)
  },

  'goes on from the last commit, and names the keys that wait': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.commit(lease, {
      checkpoint: 9,
      park: [
        parkedAt(7, { parkingKey: 'b' }),
        parkedAt(8, { parkingKey: 'a' }),
        parkedAt(9, { parkingKey: 'b', status: 'waiting', failure: undefined }),
      ],
    })
    await context.store.markState(lease, 'live')
    await context.store.release([lease])
    const taken = await take(context.rival, spec)
    expect(taken).toMatchObject({ checkpoint: 9, state: 'live' })
    expect(taken.blockedKeys.toSorted()).toEqual(['a', 'b'])
  },

  'gives nothing to a process with another definition': async (context) => {
    const spec = await givenSubscription(context)
    expect(await context.store.take(spec.key, 0, 'a process', fingerprint('two'), longLeaseMs)).toBeUndefined()
    await take(context.store, spec)
  },

  'gives a partition in a state that runs, and in no other': async (context) => {
    for (const state of subscriptionStates) {
      const spec = await givenState(context, state)
      const taken = await context.store.take(spec.key, 0, 'a process', spec.fingerprint, longLeaseMs)
      expect([state, taken?.state]).toEqual([state, runningStates.includes(state) ? state : undefined])
    }
  },

  'gives nothing where there is nothing': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2 })
    expect(await context.store.take(spec.key, 2, 'a process', spec.fingerprint, longLeaseMs)).toBeUndefined()
    const unknown = specOf(context, { key: { name: context.name('unknown'), generation: 1 } })
    expect(await context.store.take(unknown.key, 0, 'a process', unknown.fingerprint, longLeaseMs)).toBeUndefined()
  },
})

export const heartbeats = contractGroup<SubscriptionStoreContext>('heartbeat', {
  'renews the leases that are still held': async (context) => {
    const spec = await givenSubscription(context, { partitions: 3 })
    const one = await take(context.store, spec, 0, shortLeaseMs * 8, 'me')
    const two = await take(context.store, spec, 1, shortLeaseMs * 8, 'me')
    await take(context.store, spec, 2, shortLeaseMs * 8, 'me')
    const { renewed } = await context.store.heartbeat({ ...memberOf(spec), id: 'me' }, [one.lease, two.lease], longLeaseMs)
    expect(renewed).toEqual([one.lease, two.lease])
    await context.elapse(shortLeaseMs * 10)
    const others = await Promise.all([0, 1, 2].map((i) => context.rival.take(spec.key, i, 'another', spec.fingerprint, longLeaseMs)))
    expect(others.map((taken) => taken?.lease.partition)).toEqual([undefined, undefined, 2])
  },

  'renews for the time that it says, counted from now': async (context) => {
    const [spec, lease] = await givenLease(context)
    await context.store.heartbeat(memberOf(spec), [lease], shortLeaseMs)
    await context.elapse(2 * shortLeaseMs)
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: undefined, fence: lease.fence })
    await take(context.rival, spec)
  },

  'leaves out the leases that somebody else has': async (context) => {
    const [spec, lost, held] = await givenLostLease(context)
    expect((await context.store.heartbeat(memberOf(spec), [lost], longLeaseMs)).renewed).toEqual([])
    expect((await context.rival.heartbeat(memberOf(spec), [held], longLeaseMs)).renewed).toEqual([held])
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: held.owner })
  },

  'leaves out the leases that were given back, and those of subscriptions that are gone': async (context) => {
    const [, released] = await givenLease(context, { key: { name: context.name('released'), generation: 1 } })
    const [removed, gone] = await givenLease(context, { key: { name: context.name('removed'), generation: 1 } })
    await context.store.release([released])
    await context.store.remove(removed.key)
    expect((await context.store.heartbeat(memberOf(), [released, gone], longLeaseMs)).renewed).toEqual([])
  },

  'tells who is there: whoever came by and has not run out, this one included': async (context) => {
    const spec = await givenSubscription(context)
    const [one, two, gone] = [memberOf(spec), memberOf(), memberOf(spec)]
    await context.store.heartbeat(gone, [], shortLeaseMs)
    await context.rival.heartbeat(one, [], longLeaseMs)
    await context.elapse(2 * shortLeaseMs)
    const { members } = await context.store.heartbeat(two, [], longLeaseMs)
    const own = members.filter(({ id }) => [one.id, two.id, gone.id].includes(id))
    expect(own.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([one, two].toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  },

  'takes what a member runs from its last heartbeat': async (context) => {
    const spec = await givenSubscription(context)
    const member = memberOf()
    await context.store.heartbeat(member, [], longLeaseMs)
    const [run] = memberOf(spec).runs
    if (run === undefined) throw new Error('A member runs what it was made with.')
    const later = { ...member, label: 'renamed', runs: [{ ...run, standsBack: true }] }
    const { members } = await context.store.heartbeat(later, [], longLeaseMs)
    expect(members.filter(({ id }) => id === member.id)).toEqual([later])
  },

  'no longer tells of a member that has left': async (context) => {
    const [left, member] = [memberOf(), memberOf()]
    await context.store.heartbeat(left, [], longLeaseMs)
    await context.store.leave(left.id)
    const { members } = await context.rival.heartbeat(member, [], longLeaseMs)
    expect(members.map(({ id }) => id)).not.toContain(left.id)
    await context.store.leave(left.id)
  },

  'tells of every partition of what the member runs, and of no other': async (context) => {
    const ours = await givenSubscription(context, { key: { name: context.name('ours'), generation: 2 }, partitions: 2 })
    const theirs = await givenSubscription(context, { key: { name: context.name('theirs'), generation: 1 } })
    const other = { ...ours, key: { ...ours.key, generation: 1 } }
    await context.store.register(other)
    const { lease } = await take(context.store, ours, 1)
    await context.store.markState(lease, 'live')
    const { partitions } = await context.store.heartbeat(memberOf(ours), [lease], longLeaseMs)
    const shared = { key: ours.key, fingerprint: ours.fingerprint, requested: false }
    expect(partitions).toEqual([
      { ...shared, partition: 0, state: 'new', owner: undefined },
      { ...shared, partition: 1, state: 'live', owner: lease.owner },
    ])
    expect((await context.store.heartbeat(memberOf(theirs), [], longLeaseMs)).partitions.map(({ key }) => key)).toEqual([theirs.key])
  },

  'tells of the stored definition, so that a process of another one sees why it may not take it': async (context) => {
    const spec = await givenSubscription(context)
    const older = { ...spec, fingerprint: fingerprint('older') }
    const { partitions } = await context.store.heartbeat(memberOf(older), [], longLeaseMs)
    expect(partitions).toMatchObject([{ fingerprint: spec.fingerprint }])
  },

  'tells where somebody asked for parked events': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2 })
    const { lease } = await take(context.store, spec, 1)
    await context.store.commit(lease, { checkpoint: 3, park: [parkedAt(3)] })
    const requested = async () => (await context.store.heartbeat(memberOf(spec), [], longLeaseMs)).partitions.map((p) => p.requested)
    expect(await requested()).toEqual([false, false])
    await context.store.request(spec.key, 'retry')
    expect(await requested()).toEqual([false, true])
  },

  'does not wait for a commit that is under way': async (context) => {
    const [spec, lease] = await givenLease(context)
    const member = memberOf(spec)
    await context.store.commit(lease, { checkpoint: 1 }, async () => {
      expect((await soon(context.store.heartbeat(member, [lease], longLeaseMs))).renewed).toEqual([lease])
    })
  },
})

export const releasing = contractGroup<SubscriptionStoreContext>('release', {
  'makes partitions free at once': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2 })
    const leases = [(await take(context.store, spec, 0)).lease, (await take(context.store, spec, 1)).lease]
    await context.store.release(leases)
    for (const [partition, lease] of leases.entries()) {
      expect(await partitionOf(context.store, spec.key, partition)).toMatchObject({ owner: undefined })
      expect((await take(context.rival, spec, partition)).lease.fence).toBeGreaterThan(lease.fence)
    }
  },

  'passes over what was lost': async (context) => {
    const [spec, lost, held] = await givenLostLease(context)
    const other = await givenSubscription(context, { key: { name: context.name('other'), generation: 1 } })
    const { lease } = await take(context.store, other)
    await context.store.release([lost, lease])
    expect(await partitionOf(context.store, spec.key)).toMatchObject({ owner: held.owner })
    expect(await partitionOf(context.store, other.key)).toMatchObject({ owner: undefined })
    await context.store.release([])
    await context.store.release([lost, { ...lease, key: { name: context.name('unknown'), generation: 1 }, owner: uuidv7() }])
  },
})
