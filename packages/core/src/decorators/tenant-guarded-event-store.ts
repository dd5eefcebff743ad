import type { RecordedEvent } from '../contracts/event.ts'
import type { ExpectedVersion } from '../contracts/expected-version.ts'
import { describeStream, type StreamKey } from '../contracts/stream-key.ts'
import { TenantMismatchError } from '../errors/tenancy.ts'
import type { EventFilter, EventQueryOptions, EventQueryPage } from '../ports/event-query.port.ts'
import type {
  AppendGroupRequest,
  AppendGroupResult,
  AppendRequest,
  AppendResult,
  CommandReceipt,
  EventStoreTransaction,
  LoadedStream,
  LoadOptions,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
} from '../ports/event-store.port.ts'
import { EventStoreDecorator, type EventStore } from './event-store-decorator.ts'

/**
 * A store as one tenant may see it, to be handed to code that works for that tenant alone: every call that names another
 * is refused with TenantMismatchError before it reaches the store, and `readAll` gives the tenant's own events only.
 */
export class TenantGuardedEventStore extends EventStoreDecorator {
  readonly tenantId: string

  constructor(inner: EventStore, tenantId: string) {
    super(inner)
    this.tenantId = tenantId
  }

  override async append(request: AppendRequest): Promise<AppendResult> {
    this.#guardStream(request.stream)
    return this.inner.append(request)
  }

  override async appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    this.#guardStream(request.stream)
    return this.inner.appendGroup(request)
  }

  override async load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    this.#guardStream(stream)
    return this.inner.load(stream, options)
  }

  override async *readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    this.#guardStream(stream)
    yield* this.inner.readStream(stream, options)
  }

  override async readAll(options: ReadAllOptions = {}): Promise<LogPage> {
    if (options.tenantId !== undefined) this.#guard(options.tenantId, 'The log that was asked for')
    return this.inner.readAll({ ...options, tenantId: this.tenantId })
  }

  override async resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    this.#guard(tenantId, `Command ${command.id}`)
    return this.inner.resultOf(tenantId, command)
  }

  override async existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    for (const stream of streams) this.#guardStream(stream)
    return this.inner.existsAll(streams)
  }

  override async existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    for (const stream of streams) this.#guardStream(stream)
    return this.inner.existsOne(streams)
  }

  override async close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    this.#guardStream(stream)
    return this.inner.close(stream, expected)
  }

  /** The transaction itself guards the streams that it is given. */
  override async transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    this.#guard(tenantId, 'The transaction')
    return this.inner.transaction(tenantId, work)
  }

  override async query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    this.#guard(filter.tenantId, 'The query')
    return this.inner.query(filter, options)
  }

  override async countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    this.#guard(tenantId, 'The count')
    return this.inner.countByType(tenantId)
  }

  #guardStream(stream: StreamKey): void {
    if (stream.tenantId !== this.tenantId) throw new TenantMismatchError(this.tenantId, stream.tenantId, `Stream ${describeStream(stream)}`)
  }

  #guard(tenantId: string, what: string): void {
    if (tenantId !== this.tenantId) throw new TenantMismatchError(this.tenantId, tenantId, what)
  }
}
