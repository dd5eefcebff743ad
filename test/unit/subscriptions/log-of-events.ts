import { uuidv7, type RecordedEvent, type StreamKey } from '@cairn/core'
import { InMemoryEventStore, InMemoryHints, InMemoryLogReader, type InMemoryLogReaderOptions } from '@cairn/infra/memory'

/** A log in memory that a test appends to. */
export class LogOfEvents {
  readonly hints = new InMemoryHints()
  readonly store: InMemoryEventStore
  readonly reader: InMemoryLogReader

  constructor(options: InMemoryLogReaderOptions & { readonly hinting?: boolean } = {}) {
    this.store = new InMemoryEventStore({ appended: options.hinting === false ? undefined : () => this.hints.send() })
    this.reader = new InMemoryLogReader(this.store, options)
  }

  get end(): number {
    return this.store.log.horizon
  }

  /** Appends one event of the type to each stream named, in order; answers the last one. */
  async append(streams: readonly string[], type = 'order.noted', payload: unknown = {}, schemaVersion = 1): Promise<RecordedEvent> {
    let last: RecordedEvent | undefined
    for (const stream of streams) {
      const { events } = await this.store.append({
        stream: streamOf(stream),
        expected: 'any',
        events: [newEvent(type, payload, schemaVersion)],
      })
      last = events.at(-1)
    }
    if (last === undefined) throw new Error('Nothing was appended.')
    return last
  }

  /** What a reader of the whole log sees. */
  async all(): Promise<readonly RecordedEvent[]> {
    const all: RecordedEvent[] = []
    for (let after = 0; after < this.end; after = all.at(-1)?.position ?? this.end) {
      all.push(...(await this.store.readAll({ after, limit: 10_000 })).events)
    }
    return all
  }
}

function streamOf(aggregateId: string): StreamKey {
  return { tenantId: 'acme', aggregateType: 'order', aggregateId }
}

function newEvent(type: string, payload: unknown, schemaVersion: number) {
  return { id: uuidv7(), type, payload, metadata: { correlationId: 'c', causationId: 'c', schemaVersion } }
}
