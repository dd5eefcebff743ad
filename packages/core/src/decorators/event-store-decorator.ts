import type { RecordedEvent } from '../contracts/event.ts'
import type { ExpectedVersion } from '../contracts/expected-version.ts'
import type { StreamKey } from '../contracts/stream-key.ts'
import type { EventFilter, EventQueryOptions, EventQueryPage, EventQueryPort } from '../ports/event-query.port.ts'
import type {
  AppendGroupRequest,
  AppendGroupResult,
  AppendRequest,
  AppendResult,
  CommandReceipt,
  EventStorePort,
  EventStoreTransaction,
  LoadedStream,
  LoadOptions,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
} from '../ports/event-store.port.ts'

/** A store with both of its ports, as every store of Cairn has them. */
export type EventStore = EventStorePort & EventQueryPort

/**
 * Passes every call on to another store. Subclass it and override what should be different: logging, retries, a tenant
 * guard, a cache. A decorated store keeps the promises of the ports and passes their contract suite.
 */
export abstract class EventStoreDecorator implements EventStorePort, EventQueryPort {
  protected readonly inner: EventStore

  constructor(inner: EventStore) {
    this.inner = inner
  }

  append(request: AppendRequest): Promise<AppendResult> {
    return this.inner.append(request)
  }

  appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    return this.inner.appendGroup(request)
  }

  load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    return this.inner.load(stream, options)
  }

  readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.inner.readStream(stream, options)
  }

  readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.inner.readAll(options)
  }

  resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    return this.inner.resultOf(tenantId, command)
  }

  existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.inner.existsAll(streams)
  }

  existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.inner.existsOne(streams)
  }

  close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    return this.inner.close(stream, expected)
  }

  transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    return this.inner.transaction(tenantId, work)
  }

  query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    return this.inner.query(filter, options)
  }

  countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return this.inner.countByType(tenantId)
  }
}
