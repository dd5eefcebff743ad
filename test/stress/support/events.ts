import { uuidv7, type EventToStore, type StreamKey } from '@cairn/core'

export const aggregateType = 'check'
export const eventTypes = ['check.noted', 'check.marked'] as const

export function streamOf(tenantId: string, aggregateId: string = uuidv7()): StreamKey {
  return { tenantId, aggregateType, aggregateId }
}

/** An event that can be told from all others by its id. */
export function eventOf(type: string = eventTypes[0], payload: unknown = {}): EventToStore {
  const id = uuidv7()
  return { id, type, payload, metadata: { correlationId: id, causationId: id, schemaVersion: 1 } }
}

export function eventsOf(count: number, payload: unknown = {}): EventToStore[] {
  return Array.from({ length: count }, () => eventOf(eventTypes[0], payload))
}
