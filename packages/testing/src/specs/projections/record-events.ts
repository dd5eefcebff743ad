import { derivedUuid, DefinitionError, streamMapKey, type NewEvent, type RecordedEvent } from '@cairn/core'
import type { EventsInStream, StreamOptions } from './in-stream.ts'

export const testTenant = 'test'
const begin = Date.UTC(2026, 0, 1)

/** Events as a log would give them: positions 1, 2, 3… in the order given, versions by stream. */
export function recordEvents(given: readonly (NewEvent | EventsInStream)[]): readonly RecordedEvent[] {
  const versions = new Map<string, number>()
  const recorded: RecordedEvent[] = []
  for (const entry of given) {
    const { stream, events } = 'stream' in entry ? entry : { stream: undefined, events: [entry] }
    for (const event of events) recorded.push(record(event, stream, recorded.length + 1, versions))
  }
  return recorded
}

function record(event: NewEvent, stream: StreamOptions | undefined, position: number, versions: Map<string, number>): RecordedEvent {
  if ('schemaVersion' in event) {
    throw new DefinitionError(
      `A projection is given ${event.type} in its newest schema: test its upcaster with given(aggregate, storedAs(…)).`,
    )
  }
  const aggregateType = stream?.aggregateType ?? event.type.split('.', 1)[0] ?? event.type
  const key = { tenantId: stream?.tenantId ?? testTenant, aggregateType, aggregateId: stream?.aggregateId ?? `${aggregateType}-1` }
  const version = (versions.get(streamMapKey(key)) ?? 0) + 1
  versions.set(streamMapKey(key), version)
  const id = derivedUuid(`spec event ${position}`)
  return {
    type: event.type,
    // As it would come back from a store.
    payload: JSON.parse(JSON.stringify(event.payload)) as unknown,
    id,
    ...key,
    version,
    position,
    recordedAt: new Date(stream?.recordedAt ?? begin + (position - 1) * 1_000),
    metadata: { correlationId: id, causationId: id, schemaVersion: 1, ...stream?.metadata },
  }
}
