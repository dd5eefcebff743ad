import { defineEvents, InMemoryRowStore, RowMissingError, type RecordedEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineProjection, integer, projectEvents, table, text } from '../index.ts'

const orderEvents = defineEvents('order', { created: z.object({}), ready: z.object({}) })
const options = { version: 1, events: [orderEvents] } as const
const orders = defineProjection('orders', { ...options, tables: table({ id: text(), status: text() }, { key: 'id' }) }).on({
  'order.created': (e, tables) => tables.orders.upsert({ id: e.aggregateId, status: 'open' }),
  'order.ready': (e, tables) => tables.orders.patch(e.aggregateId, { status: 'ready' }),
})
const counts = defineProjection('counts', { ...options, tables: table({ type: text(), n: integer() }, { key: 'type' }) }).on({
  'order.created': (e, tables) => tables.counts.increment(e.type, { n: 1 }),
})

function recorded(position: number, type: string, aggregateId: string): RecordedEvent {
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  return {
    id: `e-${position}`,
    tenantId: 't',
    type,
    payload: {},
    aggregateType: 'order',
    aggregateId,
    version: 1,
    position,
    recordedAt: new Date(0),
    metadata,
  }
}
const history = [recorded(1, 'order.created', 'o-1'), recorded(2, 'order.created', 'o-2'), recorded(3, 'order.ready', 'o-1')]
const valuesOf = (rows: InMemoryRowStore, name: string): readonly unknown[] => rows.rows(name).map(({ values }) => values)

test('a batch reaches each projection that handles it, in order, and says what was written', async () => {
  const rows = new InMemoryRowStore()
  const report = await projectEvents([orders, counts], history, rows)
  expect(report.map(({ projection, events }) => [projection, events])).toEqual([
    ['orders', 3],
    ['counts', 2],
  ])
  expect(report[0]?.written['orders']?.upserts.map(({ key, position }) => [key, position])).toEqual([
    [['o-1'], 3],
    [['o-2'], 2],
  ])
  expect(valuesOf(rows, 'orders')).toEqual([
    { id: 'o-1', status: 'ready' },
    { id: 'o-2', status: 'open' },
  ])
  expect(valuesOf(rows, 'counts')).toEqual([{ type: 'order.created', n: 2 }])
})

test('goes on from the rows that are there', async () => {
  const rows = new InMemoryRowStore()
  await projectEvents(orders, history.slice(0, 1), rows)
  await projectEvents(orders, history.slice(2), rows)
  expect(valuesOf(rows, 'orders')).toEqual([{ id: 'o-1', status: 'ready' }])
})

test('one that fails writes nothing, says so, and does not hold the others up', async () => {
  const rows = new InMemoryRowStore()
  const broken = [...history, recorded(4, 'order.ready', 'o-9')]
  await expect(projectEvents([orders, counts], broken, rows)).rejects.toThrow(RowMissingError)
  expect(valuesOf(rows, 'orders')).toEqual([])
  expect(valuesOf(rows, 'counts')).toEqual([{ type: 'order.created', n: 2 }])
})

test('several failures come together', async () => {
  const failing = defineProjection('failing', { ...options, tables: table({ id: text() }, { key: 'id' }) }).on({
    'order.ready': () => {
      throw new RangeError('no')
    },
  })
  const attempt = projectEvents([orders, failing], [recorded(4, 'order.ready', 'o-9')], new InMemoryRowStore())
  await expect(attempt).rejects.toThrow(AggregateError)
  await expect(attempt).rejects.toMatchObject({ errors: [expect.any(RowMissingError), expect.any(RangeError)] })
})

test('writes to the tables as they exist', async () => {
  const rows = new InMemoryRowStore()
  await projectEvents(orders, history, rows, {
    tablesOf: ({ tables }) => [...tables.values()].map((model) => ({ name: `${model.name}__v1_g4`, model })),
  })
  expect(valuesOf(rows, 'orders__v1_g4')).toHaveLength(2)
})
