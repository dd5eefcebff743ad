import type { Heartbeat, Member, ParkedEvent, StoredFailure, SubscriptionKind, SubscriptionState, SubscriptionStatus } from '@cairn/core'
import { readParkingKey } from './parking-key.ts'

/** What subscription_status of db/functions/110-subscription-status.sql writes. */
export type SubscriptionRow = readonly [
  name: string,
  generation: number,
  kind: SubscriptionKind,
  version: number,
  fingerprint: string,
  createdAt: number,
  partitions: readonly PartitionRow[],
]

type PartitionRow = readonly [
  partition: number,
  state: SubscriptionState,
  checkpoint: number,
  fence: number,
  owner: string | null,
  failure: FailureRow | null,
  parked: number,
  waiting: number,
  updatedAt: number,
]

/** A failure as jsonb holds it. */
export interface FailureRow extends Omit<StoredFailure, 'at'> {
  readonly at: string
}

/** What subscription_heartbeat of db/functions/120-subscription-heartbeat.sql writes; `renewed` counts from 1. */
export interface HeartbeatRow {
  readonly renewed: readonly number[]
  readonly members: readonly (readonly [id: string, label: string, runs: Member['runs']])[]
  readonly partitions: readonly (readonly [
    name: string,
    generation: number,
    partition: number,
    state: SubscriptionState,
    owner: string | null,
    fingerprint: string,
    requested: boolean,
  ])[]
}

/** What parked_list of db/functions/150-parked-events.sql writes. */
export type ParkedRow = readonly [
  name: string,
  generation: number,
  partition: number,
  parkingKey: string,
  position: number,
  eventId: string,
  tenantId: string,
  type: string,
  status: ParkedEvent['status'],
  request: 'retry' | 'discard' | null,
  failure: FailureRow | null,
  parkedAt: number,
]

export function toStatus([name, generation, kind, version, fingerprint, createdAt, partitions]: SubscriptionRow): SubscriptionStatus {
  return {
    key: { name, generation },
    kind,
    version,
    fingerprint,
    partitions: partitions.map(([partition, state, checkpoint, fence, owner, failure, parked, waiting, updatedAt]) => ({
      partition,
      state,
      checkpoint,
      fence,
      owner: owner ?? undefined,
      failure: toFailure(failure),
      parked,
      waiting,
      updatedAt: new Date(updatedAt),
    })),
    createdAt: new Date(createdAt),
  }
}

export function toPartitions(row: HeartbeatRow): Heartbeat['partitions'] {
  return row.partitions.map(([name, generation, partition, state, owner, fingerprint, requested]) => ({
    key: { name, generation },
    partition,
    state,
    owner: owner ?? undefined,
    fingerprint,
    requested,
  }))
}

export function toMembers(row: HeartbeatRow): readonly Member[] {
  return row.members.map(([id, label, runs]) => ({ id, label, runs }))
}

export function toParkedEvent(row: ParkedRow): ParkedEvent {
  const [name, generation, partition, parkingKey, position, eventId, tenantId, type, status, request, failure, parkedAt] = row
  return {
    key: { name, generation },
    partition,
    parkingKey: readParkingKey(parkingKey),
    position,
    eventId,
    tenantId,
    type,
    status,
    request: request ?? undefined,
    failure: toFailure(failure),
    parkedAt: new Date(parkedAt),
  }
}

function toFailure(row: FailureRow | null): StoredFailure | undefined {
  return row === null ? undefined : { ...row, at: new Date(row.at) }
}
