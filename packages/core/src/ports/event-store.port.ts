import type { EventToStore, RecordedEvent } from '../contracts/event.ts'
import type { ExpectedVersion } from '../contracts/expected-version.ts'
import type { StreamKey } from '../contracts/stream-key.ts'
import type { CommandQueuePort } from './command-queue.port.ts'

/** Ties an append to a command: the same id with the same hash takes effect once per tenant. */
export interface CommandReceipt {
  readonly id: string
  /** SHA-256 of the command's type, target and payload, in lower-case hex; see `hashCommand`. */
  readonly hash: string
  /** Kept beside the receipt where commands are audited. */
  readonly audit?: { readonly type: string; readonly payload: unknown }
}

/** A state to be kept with an append, so that later loads read only the tail behind it. */
export interface SnapshotToStore {
  /** The stream's version that `state` stands for: the one after this append, or an earlier one. */
  readonly version: number
  readonly schemaVersion: number
  /** JSON-stable. */
  readonly state: unknown
}

export interface AppendRequest {
  readonly stream: StreamKey
  readonly expected: ExpectedVersion
  /** May be empty where `command` is given: an accepted command without events is remembered too. */
  readonly events: readonly EventToStore[]
  readonly command?: CommandReceipt
  readonly snapshot?: SnapshotToStore
}

/** Several commands decided one after another on one state: they leave as one append, each with its own receipt and answer. */
export interface AppendGroupRequest {
  readonly stream: StreamKey
  /** Of the stream before the first part. */
  readonly expected: ExpectedVersion
  /** In the order in which they were decided; at least one. */
  readonly parts: readonly { readonly events: readonly EventToStore[]; readonly command?: CommandReceipt }[]
  readonly snapshot?: SnapshotToStore
}

/**
 * Either all parts were stored, or some command id had taken effect before: then nothing was stored, `results` holds the
 * first results of those, and the others (undefined) must be decided again.
 */
export type AppendGroupResult =
  | { readonly stored: true; readonly results: readonly AppendResult[] }
  | { readonly stored: false; readonly results: readonly (AppendResult | undefined)[] }

export interface AppendResult {
  readonly stream: StreamKey
  /** The recorded events in order; for a duplicate, those of the first time. */
  readonly events: readonly RecordedEvent[]
  /** The stream's version after the append (after the first one, for a duplicate). */
  readonly version: number
  /** The position of the last event; 0 when there was none, so waiting for it returns at once. */
  readonly position: number
  /** True when the command id had taken effect before: nothing was stored this time. */
  readonly duplicate: boolean
}

export interface StoredSnapshot {
  readonly version: number
  readonly schemaVersion: number
  readonly state: unknown
}

/** The part of a stored event that folding needs; `readStream` gives whole events. */
export interface HistoryEvent {
  readonly type: string
  readonly version: number
  readonly schemaVersion: number
  readonly payload: unknown
}

export interface LoadOptions {
  /** Leaves the snapshot aside and reads from here on, exclusive: what a cache already knows. @default 0 with snapshot */
  readonly afterVersion?: number
  /** False reads the whole stream. @default true */
  readonly useSnapshot?: boolean
}

export interface LoadedStream {
  /** 0 when the stream does not exist. */
  readonly version: number
  readonly closed: boolean
  readonly snapshot: StoredSnapshot | undefined
  /** The events behind the snapshot (or behind `afterVersion`), ascending by version. */
  readonly events: readonly HistoryEvent[]
}

export interface ReadStreamOptions {
  /** First version, inclusive; 0 is as good as 1. @default 1 */
  readonly fromVersion?: number
  /** Last version, inclusive. @default the newest */
  readonly toVersion?: number
  /** Only events recorded at or before this time. */
  readonly until?: Date
  /** At most so many. @default no limit */
  readonly limit?: number
}

export interface ReadAllOptions {
  /** Only events behind this position, exclusive. @default 0 */
  readonly after?: number
  /** At most so many, 1..10,000. @default 1,000 */
  readonly limit?: number
  /** Only these full types. @default all */
  readonly types?: readonly string[]
  /** Only this tenant's events. @default every tenant, for background readers */
  readonly tenantId?: string
}

export interface LogPage {
  /** Ascending by position; fewer than asked for where they are large. */
  readonly events: readonly RecordedEvent[]
  /** Pass as `after` to go on: the last event read or, where nothing follows it, the horizon. At `horizon`, all was read. */
  readonly next: number
  /** The highest position below which nothing can still appear. */
  readonly horizon: number
}

/** Work on several streams that commits together or not at all. See `EventStorePort.transaction`. */
export interface EventStoreTransaction {
  readonly tenantId: string
  load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream>
  /**
   * Queues an append; it is carried out when the work function returns, all streams in key order.
   * A command id that took effect in the meantime ends the transaction with DuplicateCommandError, nothing stored.
   * @throws TenantMismatchError when the stream belongs to another tenant
   * @throws StoppedError when the transaction takes no more: its work had returned without waiting for whoever calls this
   */
  append(request: AppendRequest): void
  /**
   * Claims a value that must be unique in its scope.
   * @throws ReservationTakenError when it is taken; the transaction cannot go on, even where its work did not wait for the answer
   */
  reserve(scope: string, key: string): Promise<void>
  /** Gives a claimed value back. Returns false when it was not claimed. */
  release(scope: string, key: string): Promise<boolean>
  /** @see EventStorePort.resultOf */
  resultOf(command: CommandReceipt): Promise<AppendResult | undefined>
  /** Commands of this tenant that are carried out once the transaction has committed. @throws TenantMismatchError for others */
  readonly commands: CommandQueuePort
}

/**
 * The log of events.
 *
 * Atomicity: an append stores all of its events, its receipt and its snapshot, or nothing.
 * Order: versions of a stream are 1..n without holes; positions ascend in each stream, and over the whole log as `readAll`
 * gives them: a reader that goes on from `next` misses nothing and sees nothing twice.
 * Tenancy: every call names its tenant (inside the stream key); none ever returns another tenant's data.
 */
export interface EventStorePort {
  /**
   * @throws VersionConflictError when the stream is not at the expected version
   * @throws StreamClosedError when the stream was closed
   * @throws CommandIdReusedError when the command id was used with another hash
   * @throws InvalidInputError, PayloadTooLargeError before anything is sent
   * @throws DatabaseUnavailableError, PoolExhaustedError, StatementStoppedError with nothing half-done
   */
  append(request: AppendRequest): Promise<AppendResult>
  /**
   * Appends the parts as one, all or nothing. No command id may stand in two parts.
   * @throws as `append`
   */
  appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult>
  /** Snapshot and tail in one round trip. A stream that does not exist has version 0 and no events. */
  load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream>
  /**
   * Whole events of one stream, ascending by version, read in pages as the loop asks for them.
   * @throws InvalidInputError for a version, a limit or a time that is none
   */
  readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>
  /** A page of the log up to the horizon, ascending by position. */
  readAll(options?: ReadAllOptions): Promise<LogPage>
  /**
   * What a command id led to the first time; undefined when it took no effect yet.
   * @throws CommandIdReusedError when it was used with another hash
   */
  resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined>
  /** True when all the streams exist; reads no events. */
  existsAll(streams: readonly StreamKey[]): Promise<boolean>
  /** True when at least one of the streams exists; reads no events. */
  existsOne(streams: readonly StreamKey[]): Promise<boolean>
  /**
   * Ends a stream: later appends are refused, reads go on. Closing a closed stream changes nothing.
   * @param expected @default 'exists'
   * @param expected @default 'exists'
   * @throws VersionConflictError when `expected` is not met, and, with version 0, for a stream without events: there is nothing to end
   */
  close(stream: StreamKey, expected?: ExpectedVersion): Promise<void>
  /** @throws whatever `work` throws, and what `append` throws; then nothing was stored */
  transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T>
}
