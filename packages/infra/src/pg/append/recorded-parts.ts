import type { AppendGroupRequest, AppendResult, RecordedEvent } from '@cairn/core'
import type { AppendEntry, AppendOutcome } from './append-entry.ts'

/** What was appended, as each part's caller gets it. */
export function recordedParts(request: AppendGroupRequest, entry: AppendEntry, outcome: AppendOutcome & { kind: 'appended' }): readonly AppendResult[] {
  const { stream } = request
  const recordedAt = new Date(outcome.recordedAt)
  let offset = 0
  return request.parts.map((part) => {
    const events = part.events.map((event): RecordedEvent => {
      const position = outcome.positions[offset]
      if (position === undefined) throw new TypeError(`Event ${event.id} of stream ${entry.key} came back without a position.`)
      offset++
      return {
        id: event.id,
        tenantId: stream.tenantId,
        type: event.type,
        payload: event.payload,
        aggregateType: stream.aggregateType,
        aggregateId: stream.aggregateId,
        version: outcome.version + offset,
        position,
        recordedAt,
        metadata: event.metadata,
      }
    })
    return { stream, events, version: outcome.version + offset, position: events.at(-1)?.position ?? 0, duplicate: false }
  })
}
