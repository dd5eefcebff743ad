import type { AppendGroupRequest, AppendResult, Metadata, RecordedEvent } from '@cairn/core'
import type { AppendEntry, AppendOutcome } from './append-entry.ts'

/** What was appended, as each part's caller gets it. */
export function recordedParts(
  request: AppendGroupRequest,
  entry: AppendEntry,
  outcome: AppendOutcome & { kind: 'appended' },
): readonly AppendResult[] {
  const { stream } = request
  const recordedAt = new Date(outcome.recordedAt)
  let offset = 0
  let metadataText: string | undefined
  let metadata: Metadata | undefined
  return request.parts.map((part) => {
    const events = part.events.map((): RecordedEvent => {
      const event = entry.events[offset]
      const position = outcome.positions[offset]
      if (event === undefined || position === undefined)
        throw new TypeError(`An event of stream ${entry.key} came back without a position.`)
      offset++
      // The events of a command share theirs.
      if (metadata === undefined || event.metadata !== metadataText) {
        metadataText = event.metadata
        metadata = JSON.parse(metadataText) as Metadata
      }
      return {
        id: event.id,
        tenantId: stream.tenantId,
        type: event.type,
        // As JSON carries it, so that an answer equals what a later read gives.
        payload: JSON.parse(event.payload),
        aggregateType: stream.aggregateType,
        aggregateId: stream.aggregateId,
        version: outcome.version + offset,
        position,
        recordedAt,
        metadata,
      }
    })
    return { stream, events, version: outcome.version + offset, position: events.at(-1)?.position ?? 0, duplicate: false }
  })
}
