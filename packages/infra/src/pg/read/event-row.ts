import type { Metadata, RecordedEvent } from '@cairn/core'

/** What db/functions/040-event-json.sql writes for one event. */
type EventRow = readonly [
  position: number,
  version: number,
  id: string,
  tenantId: string,
  aggregateType: string,
  aggregateId: string,
  type: string,
  payload: unknown,
  metadata: Metadata,
  recordedAt: number,
]

/** A page of events from the JSON array that the read functions answer; null is an empty page. */
export function parseEvents(json: string | null): readonly RecordedEvent[] {
  if (json === null) return []
  const rows: readonly EventRow[] = JSON.parse(json)
  return rows.map(([position, version, id, tenantId, aggregateType, aggregateId, type, payload, metadata, recordedAt]) => ({
    id,
    tenantId,
    type,
    payload,
    aggregateType,
    aggregateId,
    version,
    position,
    recordedAt: new Date(recordedAt),
    metadata,
  }))
}
