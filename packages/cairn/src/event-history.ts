import { TenantMissingError, type EventHistorySource, type EventQueryPort, type RecordedEvent, type Registry } from '@cairn/core'

/** Reads an aggregate's events in pages; where several types of aggregate share the id, one stream after another. */
export function eventHistory(store: EventQueryPort, registry: Registry, defaultTenantId: string | undefined): EventHistorySource {
  return async (aggregateId, { tenantId = defaultTenantId, aggregateType }) => {
    if (tenantId === undefined) throw new TenantMissingError(`The history of ${aggregateId}`)
    const filter = { tenantId, aggregateId, ...(aggregateType === undefined ? {} : { aggregateType }) }
    const streams = new Map<string, RecordedEvent[]>()
    let cursor: number | undefined
    do {
      const page = await store.query(filter, { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) })
      for (const event of page.events) {
        const stream = streams.get(event.aggregateType) ?? []
        streams.set(event.aggregateType, stream)
        stream.push(registry.upcast(event))
      }
      cursor = page.next
    } while (cursor !== undefined)
    return [...streams.values()].flat()
  }
}
