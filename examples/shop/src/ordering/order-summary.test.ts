import { givenEvents, inStream } from '@cairn/testing/specs'
import { test } from 'vitest'
import { orderEvents } from './order-events.ts'
import { orderSummary } from './order-summary.ts'

const created = (customerId: string) =>
  orderEvents.created({ customerId, lines: [{ sku: 'screw', quantity: 100, price: 5 }], currency: 'EUR' })
const placed_at = '2026-01-01T00:00:00.000Z'
const open = { id: 'o-1', customer: 'c-1', total: 500, currency: 'EUR', status: 'open', placed_at, note: null } as const

test('an order is listed when it is placed, and changes its status', async () => {
  const order = givenEvents(orderSummary, inStream('o-1', created('c-1')))
  await order.rows('order_summary').are([open])
  await order
    .when(inStream('o-1', orderEvents.ready()))
    .rows('order_summary')
    .are([{ ...open, status: 'ready' }])
  await order
    .when(inStream('o-1', orderEvents.ready(), orderEvents.shipped()))
    .rows('order_summary')
    .are([{ ...open, status: 'shipped' }])
  await order
    .when(inStream('o-1', orderEvents.cancelled({ reason: 'changed my mind' })))
    .rows('order_summary')
    .are([{ ...open, status: 'cancelled', note: 'changed my mind' }])
})

test('it says the same however often and in whatever batches its events come', async () => {
  await givenEvents(
    orderSummary,
    inStream('o-1', created('c-1')),
    inStream({ aggregateId: 'o-2', recordedAt: placed_at }, created('c-2')),
    inStream('o-1', orderEvents.ready()),
    inStream('o-2', orderEvents.cancelled({ reason: 'x' })),
  )
    .deliveredTwice()
    .deliveredAnyhow()
    .rows('order_summary')
    .are([
      { ...open, status: 'ready' },
      { ...open, id: 'o-2', customer: 'c-2', status: 'cancelled', note: 'x' },
    ])
})

test('a tenant lists its own orders', async () => {
  const spec = givenEvents(orderSummary, inStream({ aggregateId: 'o-1', tenantId: 'other' }, created('c-1')))
  await spec.rows('order_summary').are([])
  await spec.rows('order_summary', { tenantId: 'other' }).are([open])
})
