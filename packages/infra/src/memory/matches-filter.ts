import type { EventFilter } from '@cairn/core'
import type { StoredEvent } from './stored-event.ts'

/** True when an event passes every filter that is given. */
export function matchesFilter(event: StoredEvent, filter: EventFilter): boolean {
  if (event.stream.tenantId !== filter.tenantId) return false
  if (filter.types !== undefined && !filter.types.includes(event.type)) return false
  if (filter.aggregateType !== undefined && event.stream.aggregateType !== filter.aggregateType) return false
  if (filter.aggregateId !== undefined && event.stream.aggregateId !== filter.aggregateId) return false
  if (filter.from !== undefined && event.recordedAt < filter.from.getTime()) return false
  if (filter.to !== undefined && event.recordedAt >= filter.to.getTime()) return false
  return matchesMetadata(event, filter)
}

const metadataFields = ['correlationId', 'workflowId', 'userId', 'projectId'] as const

function matchesMetadata(event: StoredEvent, filter: EventFilter): boolean {
  const asked = metadataFields.filter((field) => filter[field] !== undefined)
  if (asked.length === 0) return true
  const metadata: Readonly<Record<string, unknown>> = JSON.parse(event.metadata)
  return asked.every((field) => metadata[field] === filter[field])
}
