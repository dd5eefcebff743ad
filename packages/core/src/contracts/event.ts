import type { Metadata } from './metadata.ts'

/** An event as the domain states it: wanted, not yet recorded. Made by `raise` and by event factories. */
export interface NewEvent<T extends string = string, P = unknown> {
  readonly type: T
  readonly payload: P
}

/** An event on its way into a store: it has an id and metadata, and no version and no position yet. */
export interface EventToStore<T extends string = string, P = unknown> extends NewEvent<T, P> {
  /** Any UUID; Cairn makes UUIDv7. */
  readonly id: string
  readonly metadata: Metadata
}

/** An event that happened: stored, ordered, immutable. */
export interface RecordedEvent<T extends string = string, P = unknown, A extends string = string> extends EventToStore<T, P> {
  readonly tenantId: string
  readonly aggregateType: A
  readonly aggregateId: string
  /** Place in its stream, 1..n without holes. */
  readonly version: number
  /** Place in the whole log: ascending, may have holes. */
  readonly position: number
  readonly recordedAt: Date
}

/** A recorded event as JSON carries it to another process: times are ISO 8601 text. */
export interface WireEvent<T extends string = string, P = unknown, A extends string = string> extends Omit<
  RecordedEvent<T, P, A>,
  'recordedAt'
> {
  readonly recordedAt: string
}
