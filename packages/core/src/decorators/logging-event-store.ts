import type { EventToStore, RecordedEvent } from '../contracts/event.ts'
import type { ExpectedVersion } from '../contracts/expected-version.ts'
import { describeStream, type StreamKey } from '../contracts/stream-key.ts'
import { isCairnError } from '../errors/cairn-error.ts'
import { systemClock, type ClockPort } from '../ports/clock.port.ts'
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
import type { LogFields, LoggerPort } from '../ports/logger.port.ts'
import { EventStoreDecorator, type EventStore } from './event-store-decorator.ts'

export interface LoggingEventStoreOptions {
  readonly logger: LoggerPort
  /** What durations are taken from. @default the system's clock */
  readonly clock?: ClockPort
}

/**
 * One line for each call, when it ends: debug where it went well, warn where Cairn refused it (a conflict, bad input, a
 * database that is away), error for anything else. Lines carry the call, tenant, stream, correlation, duration and
 * counts; never payloads.
 */
export class LoggingEventStore extends EventStoreDecorator {
  readonly #logger: LoggerPort
  readonly #clock: ClockPort

  constructor(inner: EventStore, options: LoggingEventStoreOptions) {
    super(inner)
    this.#logger = options.logger.child({ component: 'event-store' })
    this.#clock = options.clock ?? systemClock
  }

  override append(request: AppendRequest): Promise<AppendResult> {
    const fields = { ...streamFields(request.stream), ...correlationOf(request.events), commandId: request.command?.id }
    return this.#log(
      'append',
      fields,
      () => this.inner.append(request),
      ({ events, version, position, duplicate }) => {
        return { events: events.length, version, position, duplicate }
      },
    )
  }

  override appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    const fields = { ...streamFields(request.stream), ...correlationOf(request.parts[0]?.events ?? []), parts: request.parts.length }
    return this.#log(
      'appendGroup',
      fields,
      () => this.inner.appendGroup(request),
      ({ stored, results }) => {
        return { stored, events: results.reduce((sum, result) => sum + (result?.events.length ?? 0), 0) }
      },
    )
  }

  override load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    return this.#log(
      'load',
      streamFields(stream),
      () => this.inner.load(stream, options),
      ({ events, version, snapshot }) => {
        return { events: events.length, version, snapshot: snapshot?.version }
      },
    )
  }

  override async *readStream(stream: StreamKey, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    const ended = this.#start('readStream', streamFields(stream))
    let events = 0
    let failure: unknown
    try {
      for await (const event of this.inner.readStream(stream, options)) {
        events++
        yield event
      }
    } catch (error) {
      failure = error
      throw error
    } finally {
      // Also where the reader stopped early.
      ended({ events, error: failure })
    }
  }

  override readAll(options?: ReadAllOptions): Promise<LogPage> {
    const fields = { tenantId: options?.tenantId, after: options?.after ?? 0 }
    return this.#log(
      'readAll',
      fields,
      () => this.inner.readAll(options),
      ({ events, next, horizon }) => {
        return { events: events.length, next, horizon }
      },
    )
  }

  override resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    const fields = { tenantId, commandId: command.id }
    return this.#log(
      'resultOf',
      fields,
      () => this.inner.resultOf(tenantId, command),
      (result) => ({ found: result !== undefined }),
    )
  }

  override existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#log(
      'existsAll',
      streamsFields(streams),
      () => this.inner.existsAll(streams),
      (exists) => ({ exists }),
    )
  }

  override existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#log(
      'existsOne',
      streamsFields(streams),
      () => this.inner.existsOne(streams),
      (exists) => ({ exists }),
    )
  }

  override close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    return this.#log(
      'close',
      streamFields(stream),
      () => this.inner.close(stream, expected),
      () => ({}),
    )
  }

  override transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    return this.#log(
      'transaction',
      { tenantId },
      () => this.inner.transaction(tenantId, work),
      () => ({}),
    )
  }

  override query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    const { tenantId, correlationId } = filter
    return this.#log(
      'query',
      { tenantId, correlationId },
      () => this.inner.query(filter, options),
      ({ events }) => ({ events: events.length }),
    )
  }

  override countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return this.#log(
      'countByType',
      { tenantId },
      () => this.inner.countByType(tenantId),
      (counts) => ({ types: counts.length }),
    )
  }

  async #log<T>(call: string, fields: Fields, run: () => Promise<T>, outcome: (value: T) => Fields): Promise<T> {
    const ended = this.#start(call, fields)
    try {
      const value = await run()
      ended(outcome(value))
      return value
    } catch (error) {
      ended({ error })
      throw error
    }
  }

  #start(call: string, fields: Fields): (outcome: Fields) => void {
    const started = this.#clock.now().getTime()
    return (outcome) => {
      const { error } = outcome
      const durationMs = this.#clock.now().getTime() - started
      const line = defined({ ...fields, ...outcome, call, durationMs })
      if (error === undefined) this.#logger.debug(`${call} done`, line)
      else if (isCairnError(error)) this.#logger.warn(`${call} refused`, { ...line, code: error.code })
      else this.#logger.error(`${call} failed`, line)
    }
  }
}

type Fields = Readonly<Record<string, unknown>>

function streamFields(stream: StreamKey): Fields {
  return { tenantId: stream.tenantId, stream: describeStream(stream) }
}

function streamsFields(streams: readonly StreamKey[]): Fields {
  return { tenantId: streams[0]?.tenantId, streams: streams.length }
}

function correlationOf(events: readonly EventToStore[]): Fields {
  // What is logged here was not checked yet: a broken event must reach the store, which knows how to refuse it.
  const metadata: { readonly correlationId?: string } | undefined = events[0]?.metadata
  return { correlationId: metadata?.correlationId }
}

function defined(fields: Fields): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
