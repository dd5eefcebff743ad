import type {
  Member,
  ParkedEvent,
  PartitionStatus,
  StoredFailure,
  SubscriptionKey,
  SubscriptionKind,
  SubscriptionState,
  SubscriptionStatus,
} from '@cairn/core'

export interface PartitionRow {
  readonly partition: number
  state: SubscriptionState
  checkpoint: number
  fence: number
  owner: string | undefined
  expiresAt: number
  failure: StoredFailure | undefined
  updatedAt: number
  /** The end of the commit that is between its fence check and its last step: whoever takes the partition waits for it. */
  committing: Promise<void> | undefined
  readonly parked: Map<number, ParkedEvent>
}

export interface SubscriptionRow {
  readonly key: SubscriptionKey
  readonly createdAt: number
  kind: SubscriptionKind
  version: number
  fingerprint: string
  partitions: PartitionRow[]
}

export interface MemberRow {
  readonly member: Member
  readonly expiresAt: number
}

export function newPartition(partition: number, state: SubscriptionState, checkpoint: number, now: number): PartitionRow {
  return {
    partition,
    state,
    checkpoint,
    fence: 0,
    owner: undefined,
    expiresAt: 0,
    failure: undefined,
    updatedAt: now,
    committing: undefined,
    parked: new Map(),
  }
}

export function ownerOf({ owner, expiresAt }: PartitionRow, now: number): string | undefined {
  return expiresAt > now ? owner : undefined
}

export function toStatus({ key, kind, version, fingerprint, partitions, createdAt }: SubscriptionRow, now: number): SubscriptionStatus {
  return {
    key: { ...key },
    kind,
    version,
    fingerprint,
    partitions: partitions.map((row) => toPartitionStatus(row, now)),
    createdAt: new Date(createdAt),
  }
}

function toPartitionStatus(row: PartitionRow, now: number): PartitionStatus {
  const { partition, state, checkpoint, fence, failure, updatedAt } = row
  const events = [...row.parked.values()]
  return {
    partition,
    state,
    checkpoint,
    fence,
    owner: ownerOf(row, now),
    failure,
    parked: events.filter(({ status }) => status === 'parked').length,
    waiting: events.filter(({ status }) => status === 'waiting').length,
    updatedAt: new Date(updatedAt),
  }
}
