import type { SubscriptionState } from '../subscriptions/states.ts'
import type { CommandQueuePort } from './command-queue.port.ts'
import type { ProcessInstanceStorePort } from './process-instance-store.port.ts'
import type { RowStorePort } from './row-store.port.ts'

/** Names a durable reader of the log. Generations tell a projection's builds apart; other subscriptions have generation 1. */
export interface SubscriptionKey {
  /** 1..200 characters: lower-case words joined by hyphens. */
  readonly name: string
  readonly generation: number
}

/** A 'pump' reads the changes of watched tables, by positions of their own; a pump of the log is a 'subscription'. */
export type SubscriptionKind = 'subscription' | 'projection' | 'process-manager' | 'pump'

/** What the code says of a subscription. */
export interface SubscriptionSpec {
  readonly key: SubscriptionKey
  readonly kind: SubscriptionKind
  /** 1.. ; raised by its author when the definition changes. */
  readonly version: number
  /** SHA-256 of the definition, lower-case hex; see `fingerprintOf`. */
  readonly fingerprint: string
  /** How many partitions, 1..256. Part of the definition. */
  readonly partitions: number
  /** Where a new subscription begins: everything behind this position is read. */
  readonly startAfter: number
  /** The state in which a new one is stored. @default 'new' */
  readonly initialState?: 'new' | 'rebuilding' | 'paused'
}

/** An error as it is stored and shown. */
export interface StoredFailure {
  /** The Cairn error's code, or the error's name. */
  readonly category: string
  readonly message: string
  /** The event that failed, where one did. */
  readonly eventId?: string | undefined
  readonly position?: number | undefined
  readonly attempts: number
  readonly at: Date
}

export interface PartitionStatus {
  readonly partition: number
  readonly state: SubscriptionState
  /** Everything at or below this position is done (or parked). */
  readonly checkpoint: number
  readonly fence: number
  /** The process that holds the lease, while it has not run out by the database's clock. */
  readonly owner: string | undefined
  readonly failure: StoredFailure | undefined
  readonly parked: number
  readonly waiting: number
  readonly updatedAt: Date
}

/** A subscription as stored. */
export interface SubscriptionStatus {
  readonly key: SubscriptionKey
  readonly kind: SubscriptionKind
  readonly version: number
  readonly fingerprint: string
  /** Ascending by partition. */
  readonly partitions: readonly PartitionStatus[]
  readonly createdAt: Date
}

/** The right to advance one partition: until it runs out, and only while nobody holds a higher fence. */
export interface Lease {
  readonly key: SubscriptionKey
  readonly partition: number
  readonly owner: string
  /** Raised each time that the lease changes hands. */
  readonly fence: number
}

export interface TakenLease {
  readonly lease: Lease
  readonly checkpoint: number
  readonly state: SubscriptionState
  /** The partition's keys that wait behind a parked event. */
  readonly blockedKeys: readonly string[]
}

/** A process that takes part in the work. */
export interface Member {
  /** A UUID, new at each start. */
  readonly id: string
  /** For people: host and pid. */
  readonly label: string
  /** The subscriptions (with the fingerprints) that it could run: what it is counted for when partitions are shared out. */
  readonly runs: readonly {
    readonly key: SubscriptionKey
    readonly fingerprint: string
    /** It leaves this one to others for a while: nothing is shared out to it, but somebody has its code. @default false */
    readonly standsBack?: boolean
  }[]
}

/** One look at who is there and who holds what, taken by the database's clock. */
export interface Heartbeat {
  /** Of the leases given: those that were renewed. The others are lost. */
  readonly renewed: readonly Lease[]
  /** Members whose heartbeat has not run out, this one included. */
  readonly members: readonly Member[]
  /** Every partition of the subscriptions that this member runs. */
  readonly partitions: readonly {
    readonly key: SubscriptionKey
    readonly partition: number
    readonly state: SubscriptionState
    readonly owner: string | undefined
    readonly fingerprint: string
    /** Parked events that somebody asked to retry or to discard. */
    readonly requested: boolean
  }[]
}

/** An event that failed for good ('parked'), or that waits behind one of its key ('waiting'). */
export interface ParkedEvent {
  readonly key: SubscriptionKey
  readonly partition: number
  /** The partition key's value. */
  readonly parkingKey: string
  readonly position: number
  readonly eventId: string
  readonly tenantId: string
  readonly type: string
  readonly status: 'parked' | 'waiting'
  /** What an operator asked for; carried out, in order, by the holder of the lease. */
  readonly request: 'retry' | 'discard' | undefined
  readonly failure: StoredFailure | undefined
  readonly parkedAt: Date
}

export type EventToPark = Pick<ParkedEvent, 'parkingKey' | 'position' | 'eventId' | 'tenantId' | 'type' | 'status' | 'failure'>

/** What a transaction of a partition leaves behind, beside the effects. */
export interface Progress {
  /** The new checkpoint; never below the old one. Undefined leaves it (retries of parked events). */
  readonly checkpoint?: number | undefined
  /** Events to park with it. Parking one that is parked already replaces its failure and ends a request to retry it, not one to discard it. */
  readonly park?: readonly EventToPark[] | undefined
  /** Positions of parked events that are done or discarded. What waits under their keys is flagged to be tried again with it. */
  readonly unpark?: readonly number[] | undefined
}

/** Where a handler's effects in this database go: rows of read models, commands, process managers, and the adapter's own SQL. */
export interface SubscriptionTransaction {
  readonly rows: RowStorePort
  /** Commands of any tenant, to be carried out once the transaction has committed. */
  readonly commands: CommandQueuePort
  readonly instances: ProcessInstanceStorePort
}

/** What is kept of each subscription: definition, partitions, leases, checkpoints, parked events. */
export interface SubscriptionStorePort {
  /**
   * Stores a new subscription with its partitions, or compares the stored one with the code. A raised version replaces the
   * definition and keeps the checkpoints; holders of the old fingerprint lose their leases at their next commit.
   * @throws SubscriptionChangedError when the fingerprint (or the number of partitions) differs under the same version
   * @throws SubscriptionVersionError when the stored version is higher
   * @throws SubscriptionPartitionsError when a raised version has another number of partitions, while they do not stand at one
   *   checkpoint or hold parked events
   */
  register(spec: SubscriptionSpec): Promise<SubscriptionStatus>
  get(key: SubscriptionKey): Promise<SubscriptionStatus | undefined>
  /** Ascending by name and generation. */
  list(): Promise<readonly SubscriptionStatus[]>

  /** Says that the member lives, renews its leases, and tells who else is there. Times are milliseconds. */
  heartbeat(member: Member, leases: readonly Lease[], leaseMs: number): Promise<Heartbeat>
  /**
   * Takes a partition nobody holds (or whose lease has run out), raising its fence. Undefined when somebody else has it, its
   * state does not run, or the stored fingerprint is another. Waits for the commit that an ex-owner has under way.
   */
  take(key: SubscriptionKey, partition: number, owner: string, fingerprint: string, leaseMs: number): Promise<TakenLease | undefined>
  /** Gives leases back. Those that were lost are passed over. */
  release(leases: readonly Lease[]): Promise<void>
  /** Takes a member off the list at once. */
  leave(memberId: string): Promise<void>

  /**
   * Runs effects and progress in one transaction. Last of all its statements is the checkpoint's UPDATE, which checks the
   * fence, so an ex-owner that was paused anywhere before commits nothing.
   * @throws LeaseLostError when the fence was raised; nothing was stored
   */
  commit(lease: Lease, progress: Progress, effects?: (tx: SubscriptionTransaction) => Promise<void>): Promise<void>
  /**
   * Moves a partition to another state, or lets it stay, with the failure (none clears it). An illegal move changes nothing and
   * answers false, and so does any call in a state that does not run: it is not the holder's to change. @throws LeaseLostError
   */
  markState(lease: Lease, state: SubscriptionState, failure?: StoredFailure): Promise<boolean>

  /**
   * Moves every partition to a state, from outside: pause, resume, detach, retire. All or none; those that are there already stay
   * as they are. A state that runs clears the failures. Holders keep their leases, and may still commit what they have under way.
   * @throws IllegalStateError, UnknownSubscriptionError
   */
  control(key: SubscriptionKey, state: SubscriptionState): Promise<void>
  /** Raises every fence and moves the checkpoints, forward or back; parked events are forgotten. Only while paused. @throws as `control` */
  reset(key: SubscriptionKey, position: number): Promise<void>
  /** Forgets a subscription with all that is kept of it. */
  remove(key: SubscriptionKey): Promise<void>

  /** Ascending by position, at most `limit` behind `after`. */
  parked(filter: {
    readonly key?: SubscriptionKey | undefined
    readonly partition?: number | undefined
    readonly parkingKey?: string | undefined
    readonly requestedOnly?: boolean | undefined
    readonly after?: number | undefined
    readonly limit?: number | undefined
  }): Promise<readonly ParkedEvent[]>
  /** Flags parked events, all of the subscription's or those at the positions; answers how many. */
  request(key: SubscriptionKey, what: 'retry' | 'discard', positions?: readonly number[]): Promise<number>
}
