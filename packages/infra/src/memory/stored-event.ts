import type { HistoryEvent, RecordedEvent, StreamKey } from '@cairn/core'

/** An event as the memory log keeps it. Payload and metadata stay JSON text, so no caller ever holds a part of the log. */
export interface StoredEvent {
  readonly id: string
  readonly stream: StreamKey
  readonly type: string
  readonly schemaVersion: number
  readonly payload: string
  readonly metadata: string
  readonly version: number
  readonly position: number
  readonly recordedAt: number
}

export function toRecordedEvent(event: StoredEvent): RecordedEvent {
  return {
    id: event.id,
    tenantId: event.stream.tenantId,
    aggregateType: event.stream.aggregateType,
    aggregateId: event.stream.aggregateId,
    type: event.type,
    payload: JSON.parse(event.payload),
    metadata: JSON.parse(event.metadata),
    version: event.version,
    position: event.position,
    recordedAt: new Date(event.recordedAt),
  }
}

export function toHistoryEvent(event: StoredEvent): HistoryEvent {
  return { type: event.type, version: event.version, schemaVersion: event.schemaVersion, payload: JSON.parse(event.payload) }
}
