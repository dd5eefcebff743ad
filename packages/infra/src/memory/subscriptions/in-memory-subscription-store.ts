import {
  assertProgress,
  assertSubscriptionSpec,
  assertVersion,
  IllegalStateError,
  InMemoryRowStore,
  InvalidInputError,
  keyText,
  LeaseLostError,
  mayMove,
  noFaults,
  runningStates,
  SubscriptionChangedError,
  SubscriptionPartitionsError,
  SubscriptionVersionError,
  systemClock,
  UnknownSubscriptionError,
  type ClockPort,
  type FaultHook,
  type FaultPoint,
  type Heartbeat,
  type Lease,
  type Member,
  type ParkedEvent,
  type Progress,
  type StoredFailure,
  type SubscriptionKey,
  type SubscriptionSpec,
  type SubscriptionState,
  type SubscriptionStatus,
  type SubscriptionStorePort,
  type SubscriptionTransaction,
  type TakenLease,
} from '@cairn/core'
import { assertWholeNumber } from '../assert-whole-number.ts'
import { InMemoryCommandStore } from '../in-memory-command-store.ts'
import { InMemoryProcessStore } from '../processes/in-memory-process-store.ts'
import { newPartition, ownerOf, toStatus, type MemberRow, type PartitionRow, type SubscriptionRow } from './subscription-row.ts'

export interface InMemorySubscriptionStoreOptions {
  /** What leases run out by. @default the system's clock */
  readonly clock?: ClockPort | undefined
  /** The rows that effects write to. @default a store of its own */
  readonly rows?: InMemoryRowStore | undefined
  /** Where effects put commands aside. @default a store of its own */
  readonly commands?: InMemoryCommandStore | undefined
  /** The instances of process managers. @default a store of its own */
  readonly instances?: InMemoryProcessStore | undefined
  /** Called after commits that put commands aside, so that whoever carries them out wakes. @default nothing */
  readonly enqueued?: (() => void) | undefined
  /** Called inside commits, for tests. @default none */
  readonly faults?: FaultHook | undefined
}

/**
 * Subscriptions in memory, for tests and trials. What a method changes it changes without awaiting, which makes it atomic; `take`
 * and what an operator does wait for commits under way first, as for the locks of a database. Several engines on one store are several processes on one database.
 */
export class InMemorySubscriptionStore implements SubscriptionStorePort {
  /** What effects have written. */
  readonly rows: InMemoryRowStore
  readonly commands: InMemoryCommandStore
  readonly instances: InMemoryProcessStore
  readonly #enqueued: () => void
  readonly #clock: ClockPort
  readonly #faults: FaultHook
  readonly #rows = new Map<string, SubscriptionRow>()
  readonly #members = new Map<string, MemberRow>()

  constructor(options: InMemorySubscriptionStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#faults = options.faults ?? noFaults
    this.rows = options.rows ?? new InMemoryRowStore()
    this.commands = options.commands ?? new InMemoryCommandStore({ clock: this.#clock })
    this.instances = options.instances ?? new InMemoryProcessStore(this.commands)
    this.#enqueued = options.enqueued ?? (() => undefined)
  }

  async register(spec: SubscriptionSpec): Promise<SubscriptionStatus> {
    assertSubscriptionSpec(spec)
    return this.#betweenCommits(spec.key, () => this.#register(spec))
  }

  #register(spec: SubscriptionSpec): SubscriptionStatus {
    const { key, kind, version, fingerprint, partitions, startAfter, initialState = 'new' } = spec
    const now = this.#now()
    const what = `${kind} ${key.name}`
    let row = this.#rows.get(keyText(key))
    if (row === undefined) {
      row = {
        key: { ...key },
        kind,
        version,
        fingerprint,
        partitions: Array.from({ length: partitions }, (_, i) => newPartition(i, initialState, startAfter, now)),
        createdAt: now,
      }
      this.#rows.set(keyText(key), row)
    } else if (row.version > version) {
      throw new SubscriptionVersionError(what, version, row.version)
    } else if (row.version === version) {
      if (row.fingerprint !== fingerprint || row.partitions.length !== partitions) throw new SubscriptionChangedError(what, version)
    } else {
      if (row.partitions.length !== partitions) repartition(row, partitions, what, now)
      Object.assign(row, { kind, version, fingerprint })
      for (const partition of row.partitions) dispossess(partition)
    }
    return toStatus(row, now)
  }

  async get(key: SubscriptionKey): Promise<SubscriptionStatus | undefined> {
    const row = this.#rows.get(keyText(key))
    return row === undefined ? undefined : toStatus(row, this.#now())
  }

  async list(): Promise<readonly SubscriptionStatus[]> {
    const now = this.#now()
    return [...this.#rows.values()].toSorted(byKey).map((row) => toStatus(row, now))
  }

  async heartbeat(member: Member, leases: readonly Lease[], leaseMs: number): Promise<Heartbeat> {
    assertLeaseMs(leaseMs)
    const now = this.#now()
    this.#members.set(member.id, { member: structuredClone(member), expiresAt: now + leaseMs })
    const renewed = leases.filter((lease) => {
      const row = this.#partition(lease.key, lease.partition)
      if (row === undefined || row.owner !== lease.owner || row.fence !== lease.fence) return false
      row.expiresAt = now + leaseMs
      return true
    })
    const members = [...this.#members.values()].filter(({ expiresAt }) => expiresAt > now).map((row) => row.member)
    return { renewed, members, partitions: this.#partitionsOf(member, now) }
  }

  async take(
    key: SubscriptionKey,
    partition: number,
    owner: string,
    fingerprint: string,
    leaseMs: number,
  ): Promise<TakenLease | undefined> {
    assertLeaseMs(leaseMs)
    for (;;) {
      const row = this.#partition(key, partition)
      const now = this.#now()
      if (row === undefined || this.#rows.get(keyText(key))?.fingerprint !== fingerprint || !runningStates.includes(row.state))
        return undefined
      const holder = ownerOf(row, now)
      if (holder !== undefined && holder !== owner) return undefined
      if (row.committing !== undefined) {
        await row.committing
        continue
      }
      row.fence++
      row.owner = owner
      row.expiresAt = now + leaseMs
      const blockedKeys = [...new Set([...row.parked.values()].map(({ parkingKey }) => parkingKey))]
      return { lease: { key: { ...key }, partition, owner, fence: row.fence }, checkpoint: row.checkpoint, state: row.state, blockedKeys }
    }
  }

  async release(leases: readonly Lease[]): Promise<void> {
    for (const { key, partition, owner, fence } of leases) {
      const row = this.#partition(key, partition)
      if (row === undefined || row.owner !== owner || row.fence !== fence) continue
      row.owner = undefined
      row.expiresAt = 0
    }
  }

  async leave(memberId: string): Promise<void> {
    this.#members.delete(memberId)
  }

  async commit(lease: Lease, progress: Progress, effects?: (tx: SubscriptionTransaction) => Promise<void>): Promise<void> {
    const about = { ...lease.key, partition: lease.partition }
    const fault = (point: FaultPoint): void | Promise<void> => this.#faults(point, about)
    assertProgress(progress)
    const { checkpoint } = progress
    await fault('commit-begun')
    const rows = this.rows.begin()
    const commands = this.commands.begin()
    const instances = this.instances.begin()
    if (effects !== undefined) await effects({ rows, commands, instances })
    await fault('rows-written')
    const row = this.#held(lease)
    if (checkpoint !== undefined && checkpoint < row.checkpoint) {
      throw new InvalidInputError(
        'checkpoint',
        `The checkpoint of ${lease.key.name} is ${row.checkpoint} and cannot move back to ${checkpoint}.`,
      )
    }
    // From here on nobody takes the partition: in a database, the checkpoint's UPDATE holds the row.
    const { promise, resolve } = Promise.withResolvers<void>()
    row.committing = promise
    try {
      await fault('checkpoint-written')
      commands.check()
      rows.commit()
      commands.commit()
      instances.commit()
      this.#store(row, lease.key, progress)
    } finally {
      row.committing = undefined
      resolve()
    }
    if (commands.used) this.#enqueued()
  }

  async markState(lease: Lease, state: SubscriptionState, failure?: StoredFailure): Promise<boolean> {
    const row = this.#held(lease)
    if (!runningStates.includes(row.state) || (row.state !== state && !mayMove(row.state, state))) return false
    row.state = state
    row.failure = failure
    row.updatedAt = this.#now()
    return true
  }

  async control(key: SubscriptionKey, state: SubscriptionState): Promise<void> {
    await this.#betweenCommits(key, () => {
      const { partitions } = this.#known(key)
      const moved = partitions.filter((row) => row.state !== state)
      for (const row of moved) if (!mayMove(row.state, state)) throw new IllegalStateError(key.name, row.state, state)
      for (const row of moved) {
        row.state = state
        row.updatedAt = this.#now()
        if (runningStates.includes(state)) row.failure = undefined
      }
    })
  }

  async reset(key: SubscriptionKey, position: number): Promise<void> {
    assertVersion('position', position)
    await this.#betweenCommits(key, () => {
      const { partitions } = this.#known(key)
      for (const row of partitions) if (row.state !== 'paused') throw new IllegalStateError(key.name, row.state, 'reset')
      for (const row of partitions) {
        dispossess(row)
        row.checkpoint = position
        row.failure = undefined
        row.parked.clear()
        row.updatedAt = this.#now()
      }
    })
  }

  async remove(key: SubscriptionKey): Promise<void> {
    await this.#betweenCommits(key, () => this.#rows.delete(keyText(key)))
  }

  async parked(filter: Parameters<SubscriptionStorePort['parked']>[0]): Promise<readonly ParkedEvent[]> {
    const { key, partition, parkingKey, requestedOnly = false, after, limit = 1_000 } = filter
    assertWholeNumber('limit', limit, 1, 10_000)
    if (after !== undefined) assertVersion('after', after)
    const rows = key === undefined ? [...this.#rows.values()].toSorted(byKey) : [this.#rows.get(keyText(key))]
    return rows
      .flatMap((row) => row?.partitions ?? [])
      .filter((row) => partition === undefined || row.partition === partition)
      .flatMap((row) => [...row.parked.values()])
      .filter((event) => parkingKey === undefined || event.parkingKey === parkingKey)
      .filter((event) => (!requestedOnly || event.request !== undefined) && (after === undefined || event.position > after))
      .toSorted((a, b) => a.position - b.position)
      .slice(0, limit)
  }

  async request(key: SubscriptionKey, what: 'retry' | 'discard', positions?: readonly number[]): Promise<number> {
    for (const position of positions ?? []) assertVersion('positions', position)
    let count = 0
    for (const { parked } of this.#rows.get(keyText(key))?.partitions ?? []) {
      for (const event of parked.values()) {
        if (positions !== undefined && !positions.includes(event.position)) continue
        parked.set(event.position, { ...event, request: what })
        count++
      }
    }
    return count
  }

  /** Acts when no commit of the subscription stands between its fence check and its last step: that one would write over it. */
  async #betweenCommits<T>(key: SubscriptionKey, act: () => T): Promise<T> {
    for (;;) {
      const commits = this.#rows.get(keyText(key))?.partitions.flatMap(({ committing }) => committing ?? []) ?? []
      if (commits.length === 0) return act()
      await Promise.all(commits)
    }
  }

  #store(row: PartitionRow, key: SubscriptionKey, { checkpoint, park = [], unpark = [] }: Progress): void {
    const now = this.#now()
    const gone = new Set(unpark.map((position) => row.parked.get(position)?.parkingKey))
    for (const position of unpark) row.parked.delete(position)
    // What waited behind them is asked for by that: whoever dies now leaves nobody behind who waits for nothing.
    for (const event of row.parked.values()) {
      if (gone.has(event.parkingKey) && event.status === 'waiting' && event.request === undefined) {
        row.parked.set(event.position, { ...event, request: 'retry' })
      }
    }
    for (const { parkingKey, position, eventId, tenantId, type, status, failure } of park) {
      const earlier = row.parked.get(position)
      const parkedAt = earlier?.parkedAt ?? new Date(now)
      const kept = { parkingKey: earlier?.parkingKey ?? parkingKey, position, eventId, tenantId, type, status, failure, parkedAt }
      // Somebody may have given an event up while it was tried again: that stands.
      const request = earlier?.request === 'discard' ? earlier.request : undefined
      row.parked.set(position, { key: { ...key }, partition: row.partition, request, ...kept })
    }
    row.checkpoint = checkpoint ?? row.checkpoint
    row.updatedAt = now
  }

  #partitionsOf({ runs }: Member, now: number): Heartbeat['partitions'] {
    const ids = new Set(runs.map(({ key }) => keyText(key)))
    return [...this.#rows.values()]
      .filter(({ key }) => ids.has(keyText(key)))
      .toSorted(byKey)
      .flatMap(({ key, fingerprint, partitions }) =>
        partitions.map((row) => ({
          key: { ...key },
          partition: row.partition,
          state: row.state,
          owner: ownerOf(row, now),
          fingerprint,
          requested: [...row.parked.values()].some(({ request }) => request !== undefined),
        })),
      )
  }

  /** @throws LeaseLostError unless the lease has the highest fence */
  #held({ key, partition, fence }: Lease): PartitionRow {
    const row = this.#partition(key, partition)
    if (row === undefined || row.fence !== fence) throw new LeaseLostError(key.name, partition)
    return row
  }

  #partition(key: SubscriptionKey, partition: number): PartitionRow | undefined {
    return this.#rows.get(keyText(key))?.partitions[partition]
  }

  #known(key: SubscriptionKey): SubscriptionRow {
    const row = this.#rows.get(keyText(key))
    if (row !== undefined) return row
    throw new UnknownSubscriptionError(key.name, [...new Set([...this.#rows.values()].map((other) => other.key.name))])
  }

  #now(): number {
    return this.#clock.now().getTime()
  }
}

/** Keys find new partitions only where all stand at one place. @throws SubscriptionPartitionsError */
function repartition(row: SubscriptionRow, wanted: number, what: string, now: number): void {
  const [first] = row.partitions
  const level = row.partitions.every(({ checkpoint, parked }) => checkpoint === first?.checkpoint && parked.size === 0)
  if (first === undefined || !level) throw new SubscriptionPartitionsError(what, row.partitions.length, wanted)
  row.partitions = Array.from({ length: wanted }, (_, i) => row.partitions[i] ?? newPartition(i, first.state, first.checkpoint, now))
}

function dispossess(row: PartitionRow): void {
  row.fence++
  row.owner = undefined
  row.expiresAt = 0
}

function byKey(a: SubscriptionRow, b: SubscriptionRow): number {
  return a.key.name < b.key.name ? -1 : a.key.name > b.key.name ? 1 : a.key.generation - b.key.generation
}

function assertLeaseMs(leaseMs: number): void {
  assertWholeNumber('leaseMs', leaseMs, 1, 2 ** 31 - 1)
}
