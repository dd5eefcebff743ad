import { z } from 'zod'
import type { RecordedEvent } from '../contracts/event.ts'
import type { EventModel } from '../definition/event-model.ts'
import { sampleValues } from './sample-values.ts'

/** Stored events of a type, made from its newest schema: with every field, with only those it must have, and in its variants. */
export function sampleEvents({ type, aggregateType, schemaVersion, newest }: EventModel): readonly RecordedEvent[] {
  const schema = z.toJSONSchema(newest.schema, { io: newest.coded ? 'input' : 'output', unrepresentable: 'any' })
  return sampleValues(schema).map((payload) => ({
    id: '00000000-0000-7000-8000-000000000001',
    tenantId: 'example',
    type,
    aggregateType,
    aggregateId: '00000000-0000-7000-8000-000000000002',
    version: 1,
    position: 1,
    recordedAt: new Date('2026-01-01T00:00:00Z'),
    payload,
    metadata: { correlationId: 'example', causationId: 'example', schemaVersion },
  }))
}
