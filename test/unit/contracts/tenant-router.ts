import {
  EventStoreDecorator,
  TenantGuardedEventStore,
  type AppendGroupRequest,
  type AppendGroupResult,
  type AppendRequest,
  type AppendResult,
  type CommandReceipt,
  type EventFilter,
  type EventQueryOptions,
  type EventQueryPage,
  type EventStoreTransaction,
  type ExpectedVersion,
  type LoadedStream,
  type LoadOptions,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamKey,
} from '@cairn/core'

/** Sends each call through a guarded view of its own tenant, so that the contract of a whole store can be asked of the views. */
export class TenantRouter extends EventStoreDecorator {
  override append(request: AppendRequest): Promise<AppendResult> {
    return this.#of(request.stream.tenantId).append(request)
  }

  override appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    return this.#of(request.stream.tenantId).appendGroup(request)
  }

  override load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    return this.#of(stream.tenantId).load(stream, options)
  }

  override readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.#of(stream.tenantId).readStream(stream, options)
  }

  /** Without a tenant this is a background reader's call, which no guarded view serves. */
  override readAll(options?: ReadAllOptions): Promise<LogPage> {
    return options?.tenantId === undefined ? this.inner.readAll(options) : this.#of(options.tenantId).readAll(options)
  }

  override resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    return this.#of(tenantId).resultOf(tenantId, command)
  }

  override existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#ofAll(streams).existsAll(streams)
  }

  override existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#ofAll(streams).existsOne(streams)
  }

  override close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    return this.#of(stream.tenantId).close(stream, expected)
  }

  override transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    return this.#of(tenantId).transaction(tenantId, work)
  }

  override query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    return this.#of(filter.tenantId).query(filter, options)
  }

  override countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return this.#of(tenantId).countByType(tenantId)
  }

  #of(tenantId: string): TenantGuardedEventStore {
    return new TenantGuardedEventStore(this.inner, tenantId)
  }

  /** Streams of several tenants are nothing that a guarded view can be asked. */
  #ofAll(streams: readonly StreamKey[]): EventStorePortView {
    const tenants = new Set(streams.map((stream) => stream.tenantId))
    const [tenantId] = tenants
    return tenants.size === 1 && tenantId !== undefined ? this.#of(tenantId) : this.inner
  }
}

type EventStorePortView = Pick<EventStoreDecorator, 'existsAll' | 'existsOne'>
