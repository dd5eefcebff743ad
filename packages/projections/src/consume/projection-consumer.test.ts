import { defineEvents, InMemoryRowStore, projectionFingerprint, UnknownTableError, type RecordedEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineProjection, integer, json, projectionConsumer, table, text } from '../index.ts'

const orderEvents = defineEvents('order', { created: z.object({}), ready: z.object({}) })
const definition = defineProjection('order-counts', {
  version: 3,
  events: [orderEvents],
  tables: table({ id: text(), n: integer(), tags: json(z.object({ a: z.string().default('x') })).default({}) }, { key: 'id' }),
  partitionBy: 'stream',
  partitions: 4,
}).on({ 'order.created': (e, { order_counts }) => order_counts.upsert({ id: e.aggregateId, n: 1, tags: {} }) })

const model = definition.tables.get('order_counts')
if (model === undefined) throw new Error('no table')
// As it comes from the database: as JSON.
const generation = { generation: 7, tables: [{ name: 'order_counts__v3_g7', model: JSON.parse(JSON.stringify(model)) as typeof model }] }
const event: RecordedEvent = {
  id: 'e',
  tenantId: 't',
  type: 'order.created',
  payload: {},
  aggregateType: 'order',
  aggregateId: 'o-1',
  version: 1,
  position: 5,
  recordedAt: new Date(0),
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
}
const opened = { partition: 2, partitions: 4, signal: new AbortController().signal }
const delivery = { attempt: 1, retried: false, rebuilding: false, signal: opened.signal }

/** A port that a projection has no use for. */
function untouched(): never {
  return new Proxy({}, { get: (_, name) => expect.unreachable(`A projection asked for ${String(name)}.`) }) as never
}

test('feeds the generation’s tables, with the partition it was opened for', async () => {
  const rows = new InMemoryRowStore()
  const consumer = projectionConsumer({ definition, generation, rows })
  expect(consumer.spec).toEqual({
    key: { name: 'order-counts', generation: 7 },
    kind: 'projection',
    version: 3,
    fingerprint: projectionFingerprint(definition),
    partitions: 4,
    startAfter: 0,
    initialState: 'new',
  })
  expect(consumer.types).toEqual(['order.created'])
  expect(consumer.keyOf(event)).toBe('t/order/o-1')
  const processor = await consumer.open(opened)
  await processor.handle([event], delivery)
  expect(processor.pending).toBe(1)
  await processor.commit?.({ rows, commands: untouched(), instances: untouched() })
  processor.committed?.()
  // The code's model filled in the schema's default, which the database's knows nothing of.
  expect(rows.rows('order_counts__v3_g7')).toMatchObject([{ partition: 2, position: 5, values: { id: 'o-1', n: 1, tags: { a: 'x' } } }])
})

test('one that is rebuilt starts as such, and stops at an event that fails', () => {
  const consumer = projectionConsumer({ definition, generation, rows: new InMemoryRowStore(), rebuilding: true })
  expect(consumer.spec.initialState).toBe('rebuilding')
  expect(consumer.failure).toEqual({ ...definition.failure, onExhausted: 'stop' })
})

test('a generation without one of the tables is refused', () => {
  expect(() => projectionConsumer({ definition, generation: { generation: 7, tables: [] }, rows: new InMemoryRowStore() })).toThrow(
    UnknownTableError,
  )
})
