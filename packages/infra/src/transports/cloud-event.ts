import type { RecordedEvent } from '@cairn/core'
import { CloudEvent } from 'cloudevents'

/**
 * An event as it leaves: a CloudEvent 1.0 in JSON. `source` is the stream's kind, `subject` the aggregate's id, `sequence` the version in
 * its stream (of the extension of that name, as text); the tenant is left out, because it is the receiver's own.
 */
export function cloudEventOf({ id, type, aggregateType, aggregateId, version, recordedAt, payload, metadata }: RecordedEvent): string {
  const event = new CloudEvent({
    id,
    type,
    source: `/${encodeURIComponent(aggregateType)}`,
    subject: aggregateId,
    time: recordedAt.toISOString(),
    datacontenttype: 'application/json',
    sequence: String(version),
    correlationid: metadata.correlationId,
    causationid: metadata.causationId,
    data: payload,
  })
  return JSON.stringify(event)
}
