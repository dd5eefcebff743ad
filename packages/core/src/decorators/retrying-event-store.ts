import { setTimeout as sleepMs } from 'node:timers/promises'
import type { RecordedEvent } from '../contracts/event.ts'
import type { ExpectedVersion } from '../contracts/expected-version.ts'
import type { StreamKey } from '../contracts/stream-key.ts'
import { isCairnError } from '../errors/cairn-error.ts'
import { InvalidInputError } from '../errors/input.ts'
import type { EventFilter, EventQueryOptions, EventQueryPage } from '../ports/event-query.port.ts'
import type {
  AppendGroupRequest,
  AppendGroupResult,
  AppendRequest,
  AppendResult,
  CommandReceipt,
  LoadedStream,
  LoadOptions,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
} from '../ports/event-store.port.ts'
import { EventStoreDecorator, type EventStore } from './event-store-decorator.ts'

export interface RetryingEventStoreOptions {
  /** How often a call is made in all, the first included. @default 5 */
  readonly attempts?: number
  /** Before the first retry, milliseconds; it doubles with each. @default 50 */
  readonly baseDelayMs?: number
  /** No wait is longer, milliseconds. @default 2_000 */
  readonly maxDelayMs?: number
  /** Waits so many milliseconds. @default a timer */
  readonly sleep?: (ms: number) => Promise<unknown>
  /** A number from 0 to 1; each wait is that part of its full length, so that callers do not come back all at once. @default Math.random */
  readonly random?: () => number
}

/** Failures of the way to the database. A version conflict is retryable too, but only by who can decide again. */
const retriedCodes = new Set(['CAIRN_DATABASE_UNAVAILABLE', 'CAIRN_POOL_EXHAUSTED', 'CAIRN_STREAM_BUSY'])

/**
 * Makes calls again that failed on the way to the database, with exponential backoff and jitter. Reads and `close` are
 * always repeated. Appends are repeated only where every part carries a command id: had the first try taken effect
 * after all, the second finds its receipt and answers with its result. Transactions are never repeated: their work may do
 * more than Cairn can know of.
 */
export class RetryingEventStore extends EventStoreDecorator {
  readonly #options: Required<RetryingEventStoreOptions>

  constructor(inner: EventStore, options: RetryingEventStoreOptions = {}) {
    super(inner)
    this.#options = {
      attempts: wholeNumber('attempts', options.attempts ?? 5, 1),
      baseDelayMs: wholeNumber('baseDelayMs', options.baseDelayMs ?? 50, 0),
      maxDelayMs: wholeNumber('maxDelayMs', options.maxDelayMs ?? 2_000, 0),
      sleep: options.sleep ?? sleepMs,
      random: options.random ?? Math.random,
    }
  }

  override append(request: AppendRequest): Promise<AppendResult> {
    return request.command === undefined ? this.inner.append(request) : this.#retry(() => this.inner.append(request))
  }

  override appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    const repeatable = request.parts.every((part) => part.command !== undefined)
    return repeatable ? this.#retry(() => this.inner.appendGroup(request)) : this.inner.appendGroup(request)
  }

  override load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    return this.#retry(() => this.inner.load(stream, options))
  }

  /** Goes on behind the last event that was handed out. */
  override async *readStream(stream: StreamKey, options: ReadStreamOptions = {}): AsyncIterable<RecordedEvent> {
    let rest = options
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const event of this.inner.readStream(stream, rest)) {
          const limit = rest.limit === undefined ? {} : { limit: rest.limit - 1 }
          rest = { ...rest, fromVersion: event.version + 1, ...limit }
          attempt = 1
          yield event
        }
        return
      } catch (error) {
        await this.#waitOrThrow(error, attempt)
      }
    }
  }

  override readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.#retry(() => this.inner.readAll(options))
  }

  override resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    return this.#retry(() => this.inner.resultOf(tenantId, command))
  }

  override existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#retry(() => this.inner.existsAll(streams))
  }

  override existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#retry(() => this.inner.existsOne(streams))
  }

  override close(stream: StreamKey, expected?: ExpectedVersion): Promise<void> {
    return this.#retry(() => this.inner.close(stream, expected))
  }

  override query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage> {
    return this.#retry(() => this.inner.query(filter, options))
  }

  override countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return this.#retry(() => this.inner.countByType(tenantId))
  }

  async #retry<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call()
      } catch (error) {
        await this.#waitOrThrow(error, attempt)
      }
    }
  }

  async #waitOrThrow(error: unknown, attempt: number): Promise<void> {
    const { attempts, baseDelayMs, maxDelayMs, sleep, random } = this.#options
    if (attempt >= attempts || !isCairnError(error) || !retriedCodes.has(error.code)) throw error
    await sleep(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)))
  }
}

function wholeNumber(field: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new InvalidInputError(field, `${field} must be a whole number from ${min} on, not ${value}.`)
}
