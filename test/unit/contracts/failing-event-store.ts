import {
  EventStoreDecorator,
  type AppendGroupRequest,
  type AppendGroupResult,
  type AppendRequest,
  type AppendResult,
  type CommandReceipt,
  type EventFilter,
  type EventQueryOptions,
  type EventQueryPage,
  type EventStore,
  type LoadedStream,
  type LoadOptions,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamKey,
} from '@cairn/core'

export interface FailingCall {
  readonly name: string
  /** What `RetryingEventStore` may call again. */
  readonly repeatable: boolean
}

/** A store whose calls fail when `before` throws, before they have taken effect. */
export class FailingEventStore extends EventStoreDecorator {
  readonly #before: (call: FailingCall) => void

  constructor(inner: EventStore, before: (call: FailingCall) => void) {
    super(inner)
    this.#before = before
  }

  override async append(request: AppendRequest): Promise<AppendResult> {
    this.#before({ name: 'append', repeatable: request.command !== undefined })
    return this.inner.append(request)
  }

  override async appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    this.#before({ name: 'appendGroup', repeatable: request.parts.every((part) => part.command !== undefined) })
    return this.inner.appendGroup(request)
  }

  override async load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    this.#before({ name: 'load', repeatable: true })
    return this.inner.load(stream, options)
  }

  /** Fails before its first event and before each later one. */
  override async *readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    for await (const event of this.inner.readStream(stream, options)) {
      this.#before({ name: 'readStream', repeatable: true })
      yield event
    }
  }

  override async readAll(options?: ReadAllOptions): Promise<LogPage> {
    this.#before({ name: 'readAll', repeatable: true })
    return this.inner.readAll(options)
  }

  override async resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    this.#before({ name: 'resultOf', repeatable: true })
    return this.inner.resultOf(tenantId, command)
  }

  override async query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    this.#before({ name: 'query', repeatable: true })
    return this.inner.query(filter, options)
  }
}
