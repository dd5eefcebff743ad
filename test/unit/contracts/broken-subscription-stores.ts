import { setTimeout as sleep } from 'node:timers/promises'
import {
  isCairnError,
  runningStates,
  uuidv7,
  type Heartbeat,
  type ParkedEvent,
  type StoredFailure,
  type SubscriptionKey,
  type SubscriptionSpec,
  type SubscriptionStatus,
  type SubscriptionStorePort,
  type TakenLease,
} from '@cairn/core'
import type { InMemorySubscriptionStore } from '@cairn/infra/memory'
import type { SubscriptionStoreFixture } from '@cairn/testing/contracts'
import { inMemorySubscriptions } from './in-memory-subscriptions.ts'

type Sound = InMemorySubscriptionStore

interface BrokenStore {
  /** The group of the contract that must notice. */
  readonly caughtBy: string
  readonly make: () => SubscriptionStoreFixture
}

/** A sound store in which some methods were replaced by wrong ones. */
function broken(caughtBy: string, replace: (sound: Sound) => Partial<SubscriptionStorePort>): BrokenStore {
  return {
    caughtBy,
    make: () => {
      const fixture = inMemorySubscriptions()
      const sound = fixture.store
      const own: SubscriptionStorePort = {
        register: (spec) => sound.register(spec),
        get: (key) => sound.get(key),
        list: () => sound.list(),
        heartbeat: (member, leases, leaseMs) => sound.heartbeat(member, leases, leaseMs),
        take: (...of) => sound.take(...of),
        release: (leases) => sound.release(leases),
        leave: (id) => sound.leave(id),
        commit: (lease, progress, effects) => sound.commit(lease, progress, effects),
        markState: (lease, state, failure) => sound.markState(lease, state, failure),
        control: (key, state) => sound.control(key, state),
        reset: (key, position) => sound.reset(key, position),
        remove: (key) => sound.remove(key),
        parked: (filter) => sound.parked(filter),
        request: (key, what, positions) => sound.request(key, what, positions),
      }
      return { ...fixture, store: { ...own, ...replace(sound) } }
    },
  }
}

/** What to do where the sound store refuses with one of the codes. */
async function instead<T>(codes: readonly string[], call: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isCairnError(error) && codes.includes(error.code)) return otherwise()
    throw error
  }
}

const nothing = async (): Promise<void> => {}

async function known(store: Sound, key: SubscriptionKey): Promise<SubscriptionStatus> {
  const status = await store.get(key)
  if (status === undefined) throw new TypeError('gone')
  return status
}

async function anew(store: Sound, spec: SubscriptionSpec): Promise<SubscriptionStatus> {
  await store.remove(spec.key)
  return store.register(spec)
}

/** A status with something of its partitions changed. */
function altered(status: SubscriptionStatus, change: Partial<SubscriptionStatus['partitions'][number]>): SubscriptionStatus {
  return { ...status, partitions: status.partitions.map((partition) => ({ ...partition, ...change })) }
}

const changeReads = (s: Sound, change: (status: SubscriptionStatus) => SubscriptionStatus): Partial<SubscriptionStorePort> => ({
  get: async (key) => {
    const status = await s.get(key)
    return status === undefined ? undefined : change(status)
  },
  register: async (spec) => change(await s.register(spec)),
  list: async () => (await s.list()).map(change),
})

const changeBeats = (s: Sound, change: (beat: Heartbeat) => Heartbeat): Partial<SubscriptionStorePort> => ({
  heartbeat: async (member, leases, leaseMs) => change(await s.heartbeat(member, leases, leaseMs)),
})

const changeTakes = (s: Sound, change: (taken: TakenLease) => TakenLease | undefined): Partial<SubscriptionStorePort> => ({
  take: async (...of) => {
    const taken = await s.take(...of)
    return taken === undefined ? undefined : change(taken)
  },
})

const changeParked = (s: Sound, change: (events: readonly ParkedEvent[]) => readonly ParkedEvent[]): Partial<SubscriptionStorePort> => ({
  parked: async (filter) => change(await s.parked(filter)),
})

const refused = ['CAIRN_SUBSCRIPTION_CHANGED', 'CAIRN_SUBSCRIPTION_VERSION', 'CAIRN_SUBSCRIPTION_PARTITIONS']
const lost = ['CAIRN_LEASE_LOST']

/** What each broken store does wrong. */
export const brokenSubscriptionStores: Readonly<Record<string, BrokenStore>> = {
  // register
  'begins every subscription with the log': broken('register', (s) => ({ register: (spec) => s.register({ ...spec, startAfter: 0 }) })),
  'begins every subscription as new': broken('register', (s) => ({ register: (spec) => s.register({ ...spec, initialState: 'new' }) })),
  'makes one partition more': broken('register', (s) => ({ register: (spec) => s.register({ ...spec, partitions: spec.partitions + 1 }) })),
  'begins anew what is registered again': broken('register', (s) => ({ register: (spec) => anew(s, spec) })),
  'knows one generation of each name': broken('register', (s) => ({
    register: async (spec) => {
      const twins = (await s.list()).filter(({ key }) => key.name === spec.key.name && key.generation !== spec.key.generation)
      for (const { key } of twins) await s.remove(key)
      return s.register(spec)
    },
  })),
  'takes whatever definition comes': broken('register', (s) => ({
    register: (spec) =>
      instead(
        refused,
        () => s.register(spec),
        () => known(s, spec.key),
      ),
  })),
  'begins anew with each version': broken('register', (s) => ({
    register: async (spec) => ((await s.get(spec.key))?.version === spec.version ? s.register(spec) : anew(s, spec)),
  })),
  'refuses any other number of partitions': broken('register', (s) => ({
    register: async (spec) => {
      const stored = await s.get(spec.key)
      return s.register(stored === undefined || stored.partitions.length === spec.partitions ? spec : { ...spec, version: stored.version })
    },
  })),
  'shares keys out anew wherever partitions stand': broken('register', (s) => ({
    register: (spec) =>
      instead(
        ['CAIRN_SUBSCRIPTION_PARTITIONS'],
        () => s.register(spec),
        () => anew(s, spec),
      ),
  })),
  'stores what is no subscription': broken('register', (s) => ({
    register: (spec) =>
      instead(
        ['CAIRN_INVALID_INPUT'],
        () => s.register(spec),
        () =>
          s.register({
            ...spec,
            key: { name: `made-up-${uuidv7()}`, generation: 1 },
            version: 1,
            fingerprint: 'ab'.repeat(32),
            partitions: 1,
            startAfter: 0,
          }),
      ),
  })),
  'answers each register with a time of its own': broken('register', (s) => {
    let n = 0
    return { register: async (spec) => ({ ...(await s.register(spec)), createdAt: new Date(++n) }) }
  }),
  'keeps the definition that came first': broken('register', (s) => {
    const first = new Map<string, string>()
    return changeReads(s, (status) => {
      const id = `${status.key.name} ${status.key.generation}`
      const fingerprint = first.get(id) ?? status.fingerprint
      first.set(id, fingerprint)
      return { ...status, fingerprint }
    })
  }),

  // get and list
  'finds what nobody stored': broken('get and list', (s) => ({
    get: async (key) =>
      (await s.get(key)) ?? { key, kind: 'subscription', version: 1, fingerprint: '', partitions: [], createdAt: new Date() },
  })),
  'lists the newest first': broken('get and list', (s) => ({ list: async () => (await s.list()).toReversed() })),
  'lists twice what was registered at the same time': broken('register', (s) => ({
    list: async () => [...(await s.list()), ...(await s.list())],
  })),

  // take
  'gives what somebody else has': broken('take', (s) => ({
    take: async (key, partition, owner, fingerprint, leaseMs) => {
      const taken = await s.take(key, partition, owner, fingerprint, leaseMs)
      const now = (await s.get(key))?.partitions[partition]
      if (taken !== undefined || now?.owner === undefined) return taken
      return { lease: { key, partition, owner, fence: now.fence }, checkpoint: now.checkpoint, state: now.state, blockedKeys: [] }
    },
  })),
  'lets two take at the same time': broken('take', (s) => {
    const taking = new Set<string>()
    return {
      take: async (key, partition, owner, fingerprint, leaseMs) => {
        const id = `${key.name} ${partition}`
        if (taking.has(id)) return { lease: { key, partition, owner, fence: 1 }, checkpoint: 0, state: 'new', blockedKeys: [] }
        taking.add(id)
        const taken = await s.take(key, partition, owner, fingerprint, leaseMs)
        await sleep(1)
        taking.delete(id)
        return taken
      },
    }
  }),
  'never gives what was given before': broken('take', (s) => changeTakes(s, (taken) => (taken.lease.fence > 1 ? undefined : taken))),
  'never raises the fence': broken('take', (s) => changeTakes(s, (taken) => ({ ...taken, lease: { ...taken.lease, fence: 1 } }))),
  'keeps its own partitions from itself': broken('take', (s) => {
    const holders = new Map<string, string>()
    return {
      take: async (key, partition, owner, fingerprint, leaseMs) => {
        if (holders.get(`${key.name} ${partition}`) === owner) return undefined
        holders.set(`${key.name} ${partition}`, owner)
        return s.take(key, partition, owner, fingerprint, leaseMs)
      },
    }
  }),
  'gives to any definition': broken('take', (s) => ({
    take: async (key, partition, owner, _, leaseMs) => {
      const stored = await s.get(key)
      return stored === undefined ? undefined : s.take(key, partition, owner, stored.fingerprint, leaseMs)
    },
  })),
  'gives what is stopped': broken('take', (s) => ({
    take: async (key, partition, owner, fingerprint, leaseMs) => {
      const status = await s.get(key)
      if (status !== undefined && !runningStates.includes(status.partitions[partition]?.state ?? 'new')) {
        const now = status.partitions[partition]
        if (now !== undefined)
          return { lease: { key, partition, owner, fence: now.fence }, checkpoint: 0, state: now.state, blockedKeys: [] }
      }
      return s.take(key, partition, owner, fingerprint, leaseMs)
    },
  })),
  'gives nothing that is rebuilt': broken('take', (s) => changeTakes(s, (taken) => (taken.state === 'rebuilding' ? undefined : taken))),
  'forgets which keys wait': broken('take', (s) => changeTakes(s, (taken) => ({ ...taken, blockedKeys: [] }))),
  'sends every taker back to the beginning': broken('take', (s) => changeTakes(s, (taken) => ({ ...taken, checkpoint: 0 }))),
  'says of everything taken that it is new': broken('take', (s) => changeTakes(s, (taken) => ({ ...taken, state: 'new' }))),
  'gives the first partition for any': broken('take', (s) => ({
    take: (key, _, owner, fingerprint, leaseMs) => s.take(key, 0, owner, fingerprint, leaseMs),
  })),
  'fails where there is nothing to take': broken('take', (s) => ({
    take: async (key, partition, owner, fingerprint, leaseMs) => {
      if ((await s.get(key))?.partitions[partition] === undefined) throw new TypeError('There is nothing.')
      return s.take(key, partition, owner, fingerprint, leaseMs)
    },
  })),

  // heartbeat
  'renews nothing': broken('heartbeat', (s) => changeBeats(s, (beat) => ({ ...beat, renewed: [] }))),
  'says of every lease that it is renewed': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => ({ ...(await s.heartbeat(member, leases, leaseMs)), renewed: leases }),
  })),
  'says so, and does not renew': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => ({ ...(await s.heartbeat(member, [], leaseMs)), renewed: leases }),
  })),
  'renews for an hour': broken('heartbeat', (s) => ({ heartbeat: (member, leases) => s.heartbeat(member, leases, 3_600_000) })),
  'sees only itself': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => ({ ...(await s.heartbeat(member, leases, leaseMs)), members: [member] }),
  })),
  'does not see itself': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => {
      const beat = await s.heartbeat(member, leases, leaseMs)
      return { ...beat, members: beat.members.filter(({ id }) => id !== member.id) }
    },
  })),
  'remembers what a member ran at first': broken('heartbeat', (s) => {
    const first = new Map<string, Heartbeat['members'][number]>()
    return changeBeats(s, (beat) => ({
      ...beat,
      members: beat.members.map((member) => {
        if (!first.has(member.id)) first.set(member.id, member)
        return first.get(member.id) ?? member
      }),
    }))
  }),
  'keeps members that left': broken('heartbeat', () => ({ leave: nothing })),
  'tells of everybody’s partitions': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => {
      const runs = (await s.list()).map(({ key, fingerprint }) => ({ key, fingerprint }))
      return s.heartbeat({ ...member, runs }, leases, leaseMs)
    },
  })),
  'forgets what a member leaves to others': broken('heartbeat', (s) => ({
    heartbeat: (member, leases, leaseMs) =>
      s.heartbeat({ ...member, runs: member.runs.map(({ key, fingerprint }) => ({ key, fingerprint })) }, leases, leaseMs),
  })),
  'tells of one partition of each subscription': broken('heartbeat', (s) =>
    changeBeats(s, (beat) => ({ ...beat, partitions: beat.partitions.filter(({ partition }) => partition === 0) })),
  ),
  'does not tell who holds what': broken('heartbeat', (s) =>
    changeBeats(s, (beat) => ({ ...beat, partitions: beat.partitions.map((one) => ({ ...one, owner: undefined })) })),
  ),
  'gives the member’s own fingerprint back': broken('heartbeat', (s) => ({
    heartbeat: async (member, leases, leaseMs) => {
      const beat = await s.heartbeat(member, leases, leaseMs)
      const printOf = (name: string): string => member.runs.find(({ key }) => key.name === name)?.fingerprint ?? ''
      return { ...beat, partitions: beat.partitions.map((one) => ({ ...one, fingerprint: printOf(one.key.name) })) }
    },
  })),
  'never tells of requests': broken('heartbeat', (s) =>
    changeBeats(s, (beat) => ({ ...beat, partitions: beat.partitions.map((one) => ({ ...one, requested: false })) })),
  ),
  'lets heartbeats wait for commits': broken('heartbeat', (s) => {
    let committing: Promise<unknown> = Promise.resolve()
    return {
      commit: (lease, progress, effects) => {
        const commit = s.commit(lease, progress, effects)
        committing = commit.catch(() => undefined)
        return commit
      },
      heartbeat: async (member, leases, leaseMs) => {
        await committing
        return s.heartbeat(member, leases, leaseMs)
      },
    }
  }),

  // release
  'keeps what is given back': broken('release', () => ({ release: nothing })),
  'gives back what others hold': broken('release', (s) => ({
    release: async (leases) => {
      for (const lease of leases) {
        const now = (await s.get(lease.key))?.partitions[lease.partition]
        if (now?.owner !== undefined) await s.release([{ ...lease, owner: now.owner, fence: now.fence }])
      }
    },
  })),
  'refuses to take lost leases back': broken('release', (s) => ({
    release: async (leases) => {
      for (const { key, partition, owner } of leases) {
        if ((await s.get(key))?.partitions[partition]?.owner !== owner) throw new TypeError('It is lost.')
      }
      await s.release(leases)
    },
  })),
  'tells of the owner before': broken('release', (s) => {
    let last: string | undefined
    return changeReads(s, (status) =>
      altered(status, { owner: (last = status.partitions.find(({ owner }) => owner !== undefined)?.owner ?? last) }),
    )
  }),

  // commit
  'does not move checkpoints': broken('commit', (s) => ({
    commit: (lease, { park, unpark }, effects) => s.commit(lease, { park, unpark }, effects),
  })),
  'moves every checkpoint on': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      const now = (await known(s, lease.key)).partitions[lease.partition]
      return s.commit(lease, { ...progress, checkpoint: Math.max(progress.checkpoint ?? 0, (now?.checkpoint ?? 0) + 1) }, effects)
    },
  })),
  'lets checkpoints go back in silence': broken('commit', (s) => ({
    commit: (lease, progress, effects) => instead(['CAIRN_INVALID_INPUT'], () => s.commit(lease, progress, effects), nothing),
  })),
  'leaves the effects out': broken('commit', (s) => ({ commit: (lease, progress) => s.commit(lease, progress) })),
  'keeps effects of a commit that fails': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      await effects?.({ rows: s.rows, commands: s.commands.begin(), instances: s.instances.begin() })
      await s.commit(lease, progress)
    },
  })),
  'commits the checkpoint before the effects': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      await s.commit(lease, progress)
      if (effects !== undefined) await s.commit(lease, {}, effects)
    },
  })),
  'hides what effects threw': broken('commit', (s) => ({
    commit: (lease, progress, effects) =>
      s.commit(lease, progress, effects).catch((error: unknown) => {
        throw isCairnError(error) ? error : new Error('The effects failed.', { cause: error })
      }),
  })),
  'commits for whoever comes': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      const now = (await s.get(lease.key))?.partitions[lease.partition]
      await s.commit({ ...lease, fence: now?.fence ?? lease.fence }, progress, effects)
    },
  })),
  'says nothing of a lost lease': broken('commit', (s) => ({
    commit: (lease, progress, effects) => instead(lost, () => s.commit(lease, progress, effects), nothing),
  })),
  'calls every refusal a lost lease': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      if (
        progress.checkpoint !== undefined &&
        progress.checkpoint <= ((await s.get(lease.key))?.partitions[lease.partition]?.checkpoint ?? -1)
      ) {
        return s.commit({ ...lease, fence: -1 }, progress, effects)
      }
      return s.commit(lease, progress, effects)
    },
  })),
  'refuses owners whose lease has run out': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      const now = (await s.get(lease.key))?.partitions[lease.partition]
      return s.commit(now?.owner === lease.owner ? lease : { ...lease, fence: -1 }, progress, effects)
    },
  })),
  'commits one partition after the other': broken('commit', (s) => {
    let before: Promise<unknown> = Promise.resolve()
    return {
      commit: (lease, progress, effects) => {
        const commit = before.then(() => s.commit(lease, progress, effects))
        before = commit.catch(() => undefined)
        return commit
      },
    }
  }),
  'refuses leases of other store objects': broken('commit', (s) => ({
    // There is one object here; so it refuses a lease that nobody has committed with.
    commit: (lease, progress, effects) =>
      s.commit({ ...lease, fence: lease.fence + (progress.checkpoint === 3 ? 1 : 0) }, progress, effects),
  })),
  'stands still in time': broken('commit', (s) => changeReads(s, (status) => altered(status, { updatedAt: status.createdAt }))),
  'parks nothing': broken('commit', (s) => ({
    commit: (lease, { checkpoint, unpark }, effects) => s.commit(lease, { checkpoint, unpark }, effects),
  })),
  'parks everything as parked': broken('commit', (s) => ({
    commit: (lease, progress, effects) =>
      s.commit(lease, { ...progress, park: progress.park?.map((event) => ({ ...event, status: 'parked' })) }, effects),
  })),
  'forgets why events were parked': broken('commit', (s) =>
    changeParked(s, (events) => events.map((event) => ({ ...event, failure: undefined }))),
  ),
  'keeps what was asked for': broken('commit', (s) => {
    const asked = new Set<string>()
    return {
      request: (key, what, positions) => {
        asked.add(key.name)
        return s.request(key, what, positions)
      },
      ...changeParked(s, (events) => events.map((event) => ({ ...event, request: asked.has(event.key.name) ? 'retry' : event.request }))),
    }
  }),
  'never takes parked events back': broken('commit', (s) => ({
    commit: (lease, { checkpoint, park }, effects) => s.commit(lease, { checkpoint, park }, effects),
  })),
  'takes all parked events back at once': broken('commit', (s) => ({
    commit: async (lease, progress, effects) => {
      const all = (await s.parked({ key: lease.key })).map(({ position }) => position)
      return s.commit(lease, { ...progress, unpark: progress.unpark === undefined ? undefined : all }, effects)
    },
  })),
  'cannot store NUL': broken('commit', (s) => ({
    commit: (lease, progress, effects) =>
      progress.park?.some(({ parkingKey, failure }) => `${parkingKey}${failure?.message ?? ''}`.includes('\0')) === true
        ? Promise.reject(new Error('invalid byte sequence for encoding "UTF8": 0x00'))
        : s.commit(lease, progress, effects),
  })),
  'counts parked events and no waiting ones': broken('commit', (s) => changeReads(s, (status) => altered(status, { waiting: 0 }))),

  // markState
  'moves anywhere': broken('markState', (s) => ({
    markState: async (lease, state, failure) => {
      await s.markState(lease, state, failure)
      return true
    },
  })),
  'refuses to stay': broken('markState', (s) => ({
    markState: async (lease, state, failure) =>
      (await s.get(lease.key))?.partitions[lease.partition]?.state === state ? false : s.markState(lease, state, failure),
  })),
  'moves what an operator has stopped': broken('markState', (s) => ({
    markState: async (lease, state, failure) => {
      if (await s.markState(lease, state, failure)) return true
      await instead(['CAIRN_ILLEGAL_STATE'], () => s.control(lease.key, state), nothing)
      return (await known(s, lease.key)).partitions[lease.partition]?.state === state
    },
  })),
  'forgets failures': broken('markState', (s) => ({ markState: (lease, state) => s.markState(lease, state) })),
  'never forgets a failure': broken('markState', (s) => {
    const last = new Map<string, StoredFailure>()
    return changeReads(s, (status) => ({
      ...status,
      partitions: status.partitions.map((partition) => {
        if (partition.failure !== undefined) last.set(status.key.name, partition.failure)
        return { ...partition, failure: last.get(status.key.name) }
      }),
    }))
  }),
  'moves every partition with one': broken('markState', (s) => ({
    markState: async (lease, state, failure) => {
      const moved = await s.markState(lease, state, failure)
      if (moved) await instead(['CAIRN_ILLEGAL_STATE'], () => s.control(lease.key, state), nothing)
      return moved
    },
  })),
  'lets anybody mark': broken('markState', (s) => ({
    markState: (lease, state, failure) =>
      instead(
        lost,
        () => s.markState(lease, state, failure),
        async () => true,
      ),
  })),
  'changes a failure though it refuses': broken('markState', (s) => {
    const last = new Map<string, StoredFailure | undefined>()
    return {
      ...changeReads(s, (status) => (last.has(status.key.name) ? altered(status, { failure: last.get(status.key.name) }) : status)),
      markState: async (lease, state, failure) => {
        last.set(lease.key.name, failure)
        return s.markState(lease, state, failure)
      },
    }
  }),

  // control
  'refuses nothing and does nothing': broken('control', (s) => ({
    control: (key, state) => instead(['CAIRN_ILLEGAL_STATE'], () => s.control(key, state), nothing),
  })),
  'refuses what is there already': broken('control', (s) => ({
    control: async (key, state) => {
      const { partitions } = await known(s, key)
      // Nothing leads from `retired` to `live`.
      return partitions.some((partition) => partition.state === state) ? s.control(key, 'new') : s.control(key, state)
    },
  })),
  'pauses whatever is asked': broken('control', (s) => ({ control: (key) => s.control(key, 'paused') })),
  'clears the failure of what it stops': broken('control', (s) =>
    changeReads(s, (status) => (status.partitions[0]?.state === 'paused' ? altered(status, { failure: undefined }) : status)),
  ),
  'takes the lease of what it stops': broken('control', (s) => ({
    control: async (key, state) => {
      await s.control(key, state)
      for (const { partition, owner, fence } of (await known(s, key)).partitions) {
        if (owner !== undefined && !runningStates.includes(state)) await s.release([{ key, partition, owner, fence }])
      }
    },
  })),
  'moves half of the partitions': broken('control', (s) =>
    changeReads(s, (status) =>
      status.partitions.some(({ state }) => state === 'paused') && status.partitions.length > 1
        ? { ...status, partitions: status.partitions.map((one) => (one.partition === 1 ? { ...one, state: 'live' } : one)) }
        : status,
    ),
  ),
  'controls what is not there': broken('control', (s) => ({
    control: (key, state) => instead(['CAIRN_UNKNOWN_SUBSCRIPTION'], () => s.control(key, state), nothing),
  })),

  // reset
  'resets only forward': broken('reset', (s) => ({
    reset: async (key, position) => s.reset(key, Math.max(position, (await s.get(key))?.partitions[0]?.checkpoint ?? 0)),
  })),
  'resets one partition': broken('reset', (s) => {
    const before = new Map<string, number>()
    return {
      ...changeReads(s, (status) => ({
        ...status,
        partitions: status.partitions.map((one) =>
          one.partition === 1 ? { ...one, checkpoint: before.get(status.key.name) ?? one.checkpoint } : one,
        ),
      })),
      reset: async (key, position) => {
        before.set(key.name, (await s.get(key))?.partitions[1]?.checkpoint ?? 0)
        await s.reset(key, position)
      },
    }
  }),
  'leaves the leases to their holders at a reset': broken('reset', (s) => ({
    commit: (lease, progress, effects) => instead(lost, () => s.commit(lease, progress, effects), nothing),
    markState: (lease, state, failure) =>
      instead(
        lost,
        () => s.markState(lease, state, failure),
        async () => true,
      ),
  })),
  'keeps parked events at a reset': broken('reset', (s) => {
    let kept: readonly ParkedEvent[] = []
    return {
      reset: async (key, position) => {
        kept = await s.parked({ key })
        await s.reset(key, position)
      },
      parked: async (filter) => [...kept, ...(await s.parked(filter))],
    }
  }),
  'resets what runs': broken('reset', (s) => ({
    reset: (key, position) => instead(['CAIRN_ILLEGAL_STATE'], () => s.reset(key, position), nothing),
  })),
  'resets to any number': broken('reset', (s) => ({
    reset: (key, position) => instead(['CAIRN_INVALID_INPUT'], () => s.reset(key, position), nothing),
  })),

  // remove
  'removes nothing': broken('remove', () => ({ remove: nothing })),
  'removes every generation': broken('remove', (s) => ({
    remove: async ({ name }) => {
      for (const { key } of await s.list()) if (key.name === name) await s.remove(key)
    },
  })),
  'keeps what is parked of what is gone': broken('remove', (s) => {
    let kept: readonly ParkedEvent[] = []
    return {
      remove: async (key) => {
        kept = [...kept, ...(await s.parked({ key }))]
        await s.remove(key)
      },
      parked: async (filter) => [...kept, ...(await s.parked(filter))],
    }
  }),
  'refuses to remove what is gone': broken('remove', (s) => ({
    remove: async (key) => {
      await known(s, key)
      await s.remove(key)
    },
  })),
  'begins where what was removed had come to': broken('remove', (s) => {
    const ends = new Map<string, number>()
    return {
      remove: async (key) => {
        ends.set(key.name, Math.max(...((await s.get(key))?.partitions ?? []).map(({ checkpoint }) => checkpoint), 0))
        await s.remove(key)
      },
      register: (spec) => s.register({ ...spec, startAfter: ends.get(spec.key.name) ?? spec.startAfter }),
    }
  }),

  // parked and request
  'lists parked events by the newest': broken('parked and request', (s) => changeParked(s, (events) => events.toReversed())),
  'gives all parked events on every page': broken('parked and request', (s) => ({
    parked: (filter) => s.parked({ ...filter, limit: undefined }),
  })),
  'begins every page at the start': broken('parked and request', (s) => ({
    parked: (filter) => s.parked({ ...filter, after: undefined }),
  })),
  'mixes the partitions': broken('parked and request', (s) => ({ parked: (filter) => s.parked({ ...filter, partition: undefined }) })),
  'mixes the keys': broken('parked and request', (s) => ({ parked: (filter) => s.parked({ ...filter, parkingKey: undefined }) })),
  'acts on requests by itself': broken('parked and request', (s) => {
    const gone = new Set<string>()
    return {
      request: async (key, what, positions) => {
        for (const { position } of await s.parked({ key })) if (positions?.includes(position) ?? true) gone.add(`${key.name} ${position}`)
        return s.request(key, what, positions)
      },
      ...changeParked(s, (events) => events.filter(({ key, position }) => !gone.has(`${key.name} ${position}`))),
    }
  }),
  'asks for everything whatever the positions': broken('parked and request', (s) => ({ request: (key, what) => s.request(key, what) })),
  'cannot count': broken('parked and request', (s) => ({
    request: async (key, what, positions) => (await s.request(key, what, positions)) + 1,
  })),
  'hears only the first request': broken('parked and request', (s) => {
    const first = new Map<string, 'retry' | 'discard'>()
    return {
      request: (key, what, positions) => {
        if (!first.has(key.name)) first.set(key.name, what)
        return s.request(key, first.get(key.name) ?? what, positions)
      },
    }
  }),
  'asks in every generation': broken('parked and request', (s) => ({
    request: async ({ name }, what, positions) => {
      let count = 0
      for (const { key } of await s.list()) if (key.name === name) count += await s.request(key, what, positions)
      return count
    },
  })),
  'takes any limit and any position': broken('parked and request', (s) => ({
    parked: (filter) =>
      instead(
        ['CAIRN_INVALID_INPUT'],
        () => s.parked(filter),
        async () => [],
      ),
    request: (key, what, positions) =>
      instead(
        ['CAIRN_INVALID_INPUT'],
        () => s.request(key, what, positions),
        async () => 0,
      ),
  })),
}
