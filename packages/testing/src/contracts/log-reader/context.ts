import { uuidv7, type EventStorePort, type EventToStore, type LogReaderPort, type RecordedEvent } from '@cairn/core'

/** What a factory hands to the suite. */
export interface LogReaderFixture {
  readonly reader: LogReaderPort
  /** Writes the log that is read. Nobody else may write while the suite runs. */
  readonly store: EventStorePort
  /** Lets the clock of the log go on by a few milliseconds. @default waits */
  readonly elapse?: (ms: number) => Promise<void>
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets: a log that others have written to before. */
export interface LogReaderContext {
  readonly reader: LogReaderPort
  readonly store: EventStorePort
  readonly tenantId: string
  readonly otherTenantId: string
  elapse(ms: number): Promise<void>
  /** A full event type that no other case uses; the same for the same word. */
  type(word: string): string
  /** Appends events of these types, each to a stream of its own. */
  append(types: readonly string[], tenantId?: string): Promise<readonly RecordedEvent[]>
  /** Where the log ends now: what the case appends stands behind it. */
  end(): Promise<number>
}

export function logReaderContext(fixture: LogReaderFixture): LogReaderContext {
  const { reader, store } = fixture
  const own = uuidv7()
  const tenantId = `tenant-${own}`
  return {
    reader,
    store,
    tenantId,
    otherTenantId: `other-${own}`,
    elapse: fixture.elapse ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    type: (word) => `order.${word}-${own}`,
    async append(types, tenant = tenantId) {
      const recorded: RecordedEvent[] = []
      for (const type of types) {
        const stream = { tenantId: tenant, aggregateType: 'order', aggregateId: uuidv7() }
        const { events } = await store.append({ stream, expected: 0, events: [eventOf(type, { n: recorded.length + 1 })] })
        recorded.push(...events)
      }
      return recorded
    },
    end: async () => (await reader.head()).horizon,
  }
}

export function eventOf(type: string, payload: unknown = {}, metadata: Readonly<Record<string, unknown>> = {}): EventToStore {
  return { id: uuidv7(), type, payload, metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1, ...metadata } }
}
