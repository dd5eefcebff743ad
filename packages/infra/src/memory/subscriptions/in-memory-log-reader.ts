import {
  assertTenantId,
  assertTime,
  assertVersion,
  uuidv7,
  type LogHead,
  type LogReaderPort,
  type LogReadOptions,
  type LogReadPage,
} from '@cairn/core'
import { assertWholeNumber } from '../assert-whole-number.ts'
import type { InMemoryEventStore } from '../in-memory-event-store.ts'
import { toRecordedEvent, type StoredEvent } from '../stored-event.ts'

export interface InMemoryLogReaderOptions {
  /** Positions that a filtered read searches in one call. @default 10_000 */
  readonly window?: number
}

/** Reads an `InMemoryEventStore` as background readers do: every tenant's events. */
export class InMemoryLogReader implements LogReaderPort {
  readonly #store: InMemoryEventStore
  readonly #window: number
  readonly #logId = uuidv7()

  constructor(store: InMemoryEventStore, options: InMemoryLogReaderOptions = {}) {
    this.#store = store
    this.#window = options.window ?? 10_000
    assertWholeNumber('window', this.#window, 1)
  }

  async logId(): Promise<string> {
    return this.#logId
  }

  async read({ after, upTo, limit, types, tenantId }: LogReadOptions): Promise<LogReadPage> {
    assertVersion('after', after)
    assertWholeNumber('limit', limit, 1, 10_000)
    if (upTo !== undefined) assertVersion('upTo', upTo)
    if (tenantId !== undefined) assertTenantId(tenantId)
    const log = this.#store.log
    const horizon = log.horizon
    const filtered = types !== undefined || tenantId !== undefined
    const end = Math.min(horizon, upTo ?? horizon, filtered ? after + this.#window : horizon)
    const found: StoredEvent[] = []
    for (let i = after; i < end && found.length < limit; i++) {
      const event = log.events[i]
      if (event === undefined) break
      if ((types === undefined || types.includes(event.type)) && (tenantId === undefined || event.stream.tenantId === tenantId))
        found.push(event)
    }
    const next = found.length === limit ? (found.at(-1)?.position ?? after) : Math.max(after, end)
    return { events: found.map(toRecordedEvent), next, horizon }
  }

  async head(): Promise<LogHead> {
    const { horizon } = this.#store.log
    return { horizon, newest: horizon }
  }

  async positionAt(time: Date): Promise<number> {
    assertTime('time', time)
    const at = time.getTime()
    const { events, horizon } = this.#store.log
    const first = events.find((event) => event.recordedAt >= at)
    return first === undefined ? horizon : first.position - 1
  }
}
