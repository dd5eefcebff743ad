import {
  commandMetadata,
  EventHandOver,
  InvalidInputError,
  TenantMissingError,
  uuidv7,
  type EventBus,
  type EventFilter,
  type EventQueryOptions,
  type EventQueryPage,
  type EventToStore,
  type InFlight,
  type LoggerPort,
  type LogPage,
  type NewEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type Registry,
  type StreamKey,
} from '@cairn/core'
import type { Backend } from './backend.ts'
import type { StreamName } from './cairn-types.ts'
import type { Appended, AppendOptions, EventLog } from './event-log.ts'

export interface EventLogParts {
  readonly store: Backend['store']
  readonly registry: Registry
  readonly bus: EventBus
  readonly logger: LoggerPort
  readonly inFlight: InFlight
  readonly defaultTenantId: string | undefined
}

/** The log of an app: its store, with payloads validated on the way in and lifted on the way out. */
export class StoredEventLog implements EventLog {
  readonly #parts: EventLogParts
  readonly #handOver: EventHandOver

  constructor(parts: EventLogParts) {
    this.#parts = parts
    this.#handOver = new EventHandOver(parts.bus, parts.logger.child({ component: 'event-log' }))
  }

  append(stream: StreamName, events: readonly NewEvent[], options: AppendOptions): Promise<Appended> {
    return this.#parts.inFlight.run(() => this.#append(this.key(stream), events, options))
  }

  async *read(stream: StreamName, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    this.#parts.inFlight.assertRunning()
    for await (const event of this.#parts.store.readStream(this.key(stream), options)) yield this.#parts.registry.upcast(event)
  }

  async readAll(options?: ReadAllOptions): Promise<LogPage> {
    const page = await this.#parts.inFlight.run(() => this.#parts.store.readAll(options))
    return { ...page, events: this.#lifted(page.events) }
  }

  async query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    const page = await this.#parts.inFlight.run(() => this.#parts.store.query(filter, options))
    return { ...page, events: this.#lifted(page.events) }
  }

  countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return this.#parts.inFlight.run(() => this.#parts.store.countByType(tenantId))
  }

  /** @throws TenantMissingError, UnknownTypeError */
  key({ tenantId = this.#parts.defaultTenantId, aggregateType, aggregateId }: StreamName): StreamKey {
    if (tenantId === undefined) throw new TenantMissingError(`Stream ${aggregateType}/${aggregateId}`)
    return { tenantId, aggregateType: this.#parts.registry.aggregate(aggregateType).aggregateType, aggregateId }
  }

  async #append(stream: StreamKey, events: readonly NewEvent[], options: AppendOptions): Promise<Appended> {
    const metadata = commandMetadata(uuidv7(), 1, options)
    const toStore = events.map((event): EventToStore => this.#toStore(stream, event, metadata))
    const result = await this.#parts.store.append({ stream, expected: options.expected, events: toStore })
    await this.#handOver.publish(result.events)
    return { events: result.events, version: result.version, position: result.position }
  }

  #toStore({ aggregateType }: StreamKey, { type, payload }: NewEvent, metadata: EventToStore['metadata']): EventToStore {
    const model = this.#parts.registry.event(type)
    if (model.aggregateType !== aggregateType) {
      throw new InvalidInputError(
        'events',
        `${type} is an event of ${model.aggregateType}; it cannot be appended to a stream of ${aggregateType}.`,
      )
    }
    const { schemaVersion } = model
    return { id: uuidv7(), type, payload: model.newest.acceptJson(model.what, payload), metadata: { ...metadata, schemaVersion } }
  }

  #lifted(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    return events.map((event) => this.#parts.registry.upcast(event))
  }
}
