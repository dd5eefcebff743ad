import { defineEvents, InMemoryRowStore, UnknownTableError, type RecordedEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { integer, projectEvents, projectionFromFactory, table, text, type TableOperations } from '../index.ts'

const orderEvents = defineEvents('order', { created: z.object({ customerId: z.string() }), ready: z.object({}) })
const orders = table({ id: text(), status: text() }, { key: 'id' })
const customers = table({ id: text(), orders: integer() }, { key: 'id' })
type OrderEvent = (typeof orderEvents)['$event']

class OrderProjection {
  readonly #orders: TableOperations<typeof orders>
  readonly #customers: TableOperations<typeof customers>

  constructor(orderRows: TableOperations<typeof orders>, customerRows: TableOperations<typeof customers>) {
    this.#orders = orderRows
    this.#customers = customerRows
  }

  supports(event: OrderEvent): boolean {
    return event.type === 'order.created'
  }

  on(event: OrderEvent): void {
    if (event.type !== 'order.created') throw new Error(event.type)
    this.#orders.upsert({ id: event.aggregateId, status: 'open' })
    this.#customers.increment(event.payload.customerId, { orders: 1 })
  }
}

const events = [
  { type: 'order.created', payload: { customerId: 'c-1' } },
  { type: 'order.ready', payload: {} },
].map((event, index): RecordedEvent => ({
  ...event,
  id: `e-${index}`,
  tenantId: 't',
  aggregateType: 'order',
  aggregateId: 'o-1',
  version: index + 1,
  position: index + 1,
  recordedAt: new Date(0),
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
}))
const options = { version: 1, events: [orderEvents], tables: { orders, customers } } as const

test('an object with supports and on changes several tables through its updaters', async () => {
  let made = 0
  const projection = projectionFromFactory('orders', {
    ...options,
    factory: (getUpdater) => {
      made += 1
      return new OrderProjection(getUpdater('orders'), getUpdater('customers'))
    },
  })
  const rows = new InMemoryRowStore()
  await projectEvents(projection, events, rows)
  expect(rows.rows('orders').map(({ values }) => values)).toEqual([{ id: 'o-1', status: 'open' }])
  expect(rows.rows('customers').map(({ values }) => values)).toEqual([{ id: 'c-1', orders: 1 }])
  expect(made).toBe(1)
})

test('an updater of a table that is not declared fails, naming those that are', async () => {
  const projection = projectionFromFactory('orders', {
    ...options,
    factory: (getUpdater) => ({ supports: () => true, on: (event) => getUpdater('order' as 'orders').delete(event.aggregateId) }),
  })
  await expect(projectEvents(projection, events, new InMemoryRowStore())).rejects.toThrow(UnknownTableError)
  await expect(projectEvents(projection, events, new InMemoryRowStore())).rejects.toThrow('It declares: orders, customers.')
})
