import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { SubscriptionStoreContext } from './context.ts'
import {
  fingerprint,
  givenLease,
  givenSubscription,
  longLeaseMs,
  memberOf,
  parkedAt,
  partitionOf,
  specOf,
  statusOf,
  take,
} from './given.ts'

const changed = fingerprint('two')

export const registering = contractGroup<SubscriptionStoreContext>('register', {
  'stores a new subscription with its partitions, which begin where it says': async (context) => {
    const spec = specOf(context, { kind: 'projection', version: 3, partitions: 4, startAfter: 42 })
    const status = await context.store.register(spec)
    expect(status).toMatchObject({ key: spec.key, kind: 'projection', version: 3, fingerprint: spec.fingerprint })
    expect(status.createdAt).toBeInstanceOf(Date)
    expect(status.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3])
    for (const partition of status.partitions) {
      expect(partition).toMatchObject({ state: 'new', checkpoint: 42, owner: undefined, failure: undefined, parked: 0, waiting: 0 })
      expect(partition.updatedAt).toBeInstanceOf(Date)
    }
    expect(await context.store.get(spec.key)).toEqual(status)
  },

  'stores it in the state asked for': async (context) => {
    for (const initialState of ['new', 'rebuilding', 'paused'] as const) {
      const spec = specOf(context, { key: { name: context.name(initialState), generation: 1 }, initialState })
      expect((await context.store.register(spec)).partitions[0]?.state).toBe(initialState)
    }
  },

  'changes nothing when the same is registered again, wherever it is by now': async (context) => {
    const [spec, lease] = await givenLease(context, { partitions: 2, startAfter: 5 })
    await context.store.commit(lease, { checkpoint: 9 })
    await context.store.markState(lease, 'live')
    const before = await statusOf(context.store, spec.key)
    expect(await context.rival.register({ ...spec, startAfter: 0, initialState: 'paused' })).toEqual(before)
    await context.store.commit(lease, { checkpoint: 10 })
  },

  'stores it once when many processes register it at the same time': async (context) => {
    const spec = specOf(context, { partitions: 3 })
    const statuses = await Promise.all(upTo(12).map((n) => (n % 2 === 0 ? context.store : context.rival).register(spec)))
    for (const status of statuses) expect(status).toEqual(statuses[0])
    expect(statuses[0]?.partitions).toHaveLength(3)
    expect((await context.store.list()).filter(({ key }) => key.name === spec.key.name)).toHaveLength(1)
  },

  'keeps the generations of a name apart': async (context) => {
    const first = await givenSubscription(context, { startAfter: 1 })
    const second = await givenSubscription(context, { key: { ...first.key, generation: 2 }, fingerprint: changed, startAfter: 2 })
    const { lease } = await take(context.store, second)
    await context.store.commit(lease, { checkpoint: 8 })
    expect(await partitionOf(context.store, first.key)).toMatchObject({ checkpoint: 1, owner: undefined })
    expect(await partitionOf(context.store, second.key)).toMatchObject({ checkpoint: 8, owner: lease.owner })
  },

  'takes a raised version, and keeps checkpoints and states': async (context) => {
    const [spec, lease] = await givenLease(context, { partitions: 2 })
    await context.store.commit(lease, { checkpoint: 9 })
    await context.store.markState(lease, 'live')
    const raised = { ...spec, version: 2, fingerprint: changed }
    expect(await context.store.register(raised)).toMatchObject({
      version: 2,
      fingerprint: changed,
      partitions: [
        { checkpoint: 9, state: 'live' },
        { checkpoint: 0, state: 'new' },
      ],
    })
    expect(await statusOf(context.store, spec.key)).toMatchObject({ version: 2, fingerprint: changed })
  },

  'takes the leases from those who run the earlier version': async (context) => {
    const [spec, lease] = await givenLease(context)
    const raised = { ...spec, version: 2, fingerprint: changed }
    await context.rival.register(raised)
    await refusal('CAIRN_LEASE_LOST', context.store.commit(lease, { checkpoint: 1 }))
    expect((await context.store.heartbeat(memberOf(spec), [lease], longLeaseMs)).renewed).toEqual([])
    expect(await context.store.take(spec.key, 0, lease.owner, spec.fingerprint, longLeaseMs)).toBeUndefined()
    expect((await take(context.rival, raised)).checkpoint).toBe(0)
  },

  'refuses another definition under the same version': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2 })
    const before = await statusOf(context.store, spec.key)
    await refusal('CAIRN_SUBSCRIPTION_CHANGED', context.store.register({ ...spec, fingerprint: changed }))
    await refusal('CAIRN_SUBSCRIPTION_CHANGED', context.store.register({ ...spec, partitions: 3 }))
    expect(await statusOf(context.store, spec.key)).toEqual(before)
  },

  'refuses a version below the stored one, whatever its definition': async (context) => {
    const spec = await givenSubscription(context, { version: 3 })
    const before = await statusOf(context.store, spec.key)
    const error = await refusal('CAIRN_SUBSCRIPTION_VERSION', context.store.register({ ...spec, version: 2 }))
    expect(error.details).toMatchObject({ version: 2, stored: 3 })
    await refusal('CAIRN_SUBSCRIPTION_VERSION', context.store.register({ ...spec, version: 1, fingerprint: changed }))
    expect(await statusOf(context.store, spec.key)).toEqual(before)
  },

  'shares the keys out anew under a raised version, where all partitions stand at one checkpoint': async (context) => {
    const spec = await givenSubscription(context, { partitions: 2, startAfter: 3 })
    const more = { ...spec, version: 2, fingerprint: changed, partitions: 4 }
    expect((await context.store.register(more)).partitions.map(({ checkpoint }) => checkpoint)).toEqual([3, 3, 3, 3])
    for (const partition of [0, 1, 2, 3]) {
      await context.store.commit((await take(context.store, more, partition)).lease, { checkpoint: 8 })
    }
    const fewer = { ...spec, version: 3, fingerprint: fingerprint('three'), partitions: 1 }
    expect((await context.store.register(fewer)).partitions.map(({ checkpoint }) => checkpoint)).toEqual([8])
    expect((await take(context.store, fewer)).checkpoint).toBe(8)
    expect(await context.store.take(spec.key, 3, 'somebody', fewer.fingerprint, longLeaseMs)).toBeUndefined()
  },

  'refuses to share the keys out anew while partitions stand apart, or events are parked': async (context) => {
    const raised = { version: 2, fingerprint: changed, partitions: 3 }
    const [apart, lease] = await givenLease(context, { key: { name: context.name('apart'), generation: 1 }, partitions: 2 })
    await context.store.commit(lease, { checkpoint: 1 })
    const [parking, other] = await givenLease(context, { key: { name: context.name('parking'), generation: 1 } })
    await context.store.commit(other, { park: [parkedAt(1)] })
    for (const spec of [apart, parking]) {
      const before = await statusOf(context.store, spec.key)
      const error = await refusal('CAIRN_SUBSCRIPTION_PARTITIONS', context.store.register({ ...spec, ...raised }))
      expect(error.details).toMatchObject({ stored: spec.partitions, wanted: 3 })
      expect(await statusOf(context.store, spec.key)).toEqual(before)
    }
  },

  'refuses what is no subscription': async (context) => {
    const name = context.name()
    for (const changes of [
      { key: { name: '', generation: 1 } },
      { key: { name: 'Two Words', generation: 1 } },
      { key: { name: 'a'.repeat(201), generation: 1 } },
      { key: { name, generation: 0 } },
      { key: { name, generation: 1.5 } },
      { version: 0 },
      { fingerprint: 'short' },
      { partitions: 0 },
      { partitions: 257 },
      { startAfter: -1 },
      { startAfter: Number.MAX_SAFE_INTEGER + 1 },
    ]) {
      await refusal('CAIRN_INVALID_INPUT', () => context.store.register(specOf(context, changes)))
    }
    expect(await context.store.get({ name, generation: 1 })).toBeUndefined()
  },
})

export const listing = contractGroup<SubscriptionStoreContext>('get and list', {
  'know nothing of what is not stored': async ({ store, name }) => {
    expect(await store.get({ name: name(), generation: 1 })).toBeUndefined()
  },

  'list by name and generation': async (context) => {
    for (const [word, generation] of [
      ['b', 2],
      ['a', 1],
      ['b', 1],
    ] as const) {
      await givenSubscription(context, { key: { name: context.name(word), generation } })
    }
    const own = (await context.rival.list()).filter(({ key }) => [context.name('a'), context.name('b')].includes(key.name))
    expect(own.map(({ key }) => key)).toEqual([
      { name: context.name('a'), generation: 1 },
      { name: context.name('b'), generation: 1 },
      { name: context.name('b'), generation: 2 },
    ])
    for (const status of own) expect(status).toEqual(await context.store.get(status.key))
  },
})
