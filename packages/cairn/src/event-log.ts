import type {
  AggregateTypeOf,
  DispatchOptions,
  Domain,
  EventFilter,
  EventQueryOptions,
  EventQueryPage,
  ExpectedVersion,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
} from '@cairn/core'
import type { NewEventsOfType, RecordedEventsOfType, StreamName } from './cairn-types.ts'

export interface AppendOptions extends Omit<DispatchOptions, 'tenantId' | 'expectedVersion'> {
  /** 0 = the stream must not exist; `'any'` checks nothing. */
  readonly expected: ExpectedVersion
}

/** What an append by hand led to. */
export interface Appended<E extends RecordedEvent = RecordedEvent> {
  readonly events: readonly E[]
  /** The stream's version now. */
  readonly version: number
  /** The position of the last event. */
  readonly position: number
}

/** The log, for what is no command. Every event that it gives is lifted to the newest schema. */
export interface EventLog<D extends Domain = Domain> {
  /**
   * Appends events as they are; no aggregate decides. Their payloads are validated, and the event bus gets them.
   * @throws SchemaValidationError, UnknownTypeError, VersionConflictError, StreamClosedError, and as `EventStorePort.append`
   */
  append<A extends AggregateTypeOf<D>>(
    stream: StreamName<A>,
    events: readonly NewEventsOfType<D, A>[],
    options: AppendOptions,
  ): Promise<Appended<RecordedEventsOfType<D, A>>>
  /** The events of one stream, ascending by version, read in pages as the loop asks for them. */
  read<A extends AggregateTypeOf<D>>(stream: StreamName<A>, options?: ReadStreamOptions): AsyncIterable<RecordedEventsOfType<D, A>>
  /** A page of the whole log, ascending by position. Go on with `after: page.next`. */
  readAll(options?: ReadAllOptions): Promise<LogPage>
  /** Events that pass every filter, in pages. */
  query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage>
  /** How many events of each type a tenant has, most first. */
  countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]>
}
