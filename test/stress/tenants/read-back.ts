import type { EventQueryPort, EventStorePort, RecordedEvent, StreamKey } from '@cairn/core'

/** What one tenant wrote, by its own account. */
export interface Written {
  readonly tenantId: string
  readonly streams: readonly StreamKey[]
  readonly ids: ReadonlySet<string>
}

type Store = EventStorePort & EventQueryPort

/** Ways of the store's API to a tenant's events; each must give exactly its own. */
const ways: Readonly<Record<string, (store: Store, written: Written) => Promise<readonly RecordedEvent[]>>> = {
  readAll: async (store, { tenantId }) => {
    const events: RecordedEvent[] = []
    for (let after = 0; ;) {
      const page = await store.readAll({ tenantId, after, limit: 500 })
      events.push(...page.events)
      if (page.events.length === 0) return events
      after = page.next
    }
  },
  query: async (store, { tenantId }) => {
    const events: RecordedEvent[] = []
    for (let cursor: number | undefined; ;) {
      const page = await store.query({ tenantId }, cursor === undefined ? { limit: 500 } : { limit: 500, cursor })
      events.push(...page.events)
      if (page.next === undefined) return events
      cursor = page.next
    }
  },
  readStream: async (store, { streams }) => {
    const events: RecordedEvent[] = []
    for (const stream of streams) for await (const event of store.readStream(stream)) events.push(event)
    return events
  },
}

export interface ReadBack {
  /** Events of its own that some way did not give, or gave twice. */
  readonly missing: number
  /** Events of others that some way gave. */
  readonly foreign: number
}

export async function readBack(store: Store, written: Written): Promise<ReadBack> {
  let [missing, foreign] = [0, 0]
  for (const read of Object.values(ways)) {
    const events = await read(store, written)
    const ids = new Set(events.map((event) => event.id))
    missing += [...written.ids].filter((id) => !ids.has(id)).length + (events.length - ids.size)
    foreign += events.filter((event) => event.tenantId !== written.tenantId || !written.ids.has(event.id)).length
  }
  return { missing, foreign }
}
