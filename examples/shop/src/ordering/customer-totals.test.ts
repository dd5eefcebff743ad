import { givenEvents, inStream } from '@cairn/testing/specs'
import { test } from 'vitest'
import { customerTotals } from './customer-totals.ts'
import { orderEvents } from './order-events.ts'

const created = (customerId: string, price: number, currency: 'EUR' | 'USD' = 'EUR') =>
  orderEvents.created({ customerId, lines: [{ sku: 'screw', quantity: 1, price }], currency })
const cancelled = orderEvents.cancelled({ reason: 'x' })

const orders = [
  inStream('o-1', created('ann', 100)),
  inStream('o-2', created('ann', 50)),
  inStream('o-3', created('ann', 7, 'USD')),
  inStream('o-4', created('bob', 30)),
]

test('orders add up for each customer and currency', async () => {
  await givenEvents(customerTotals, ...orders)
    .rows('customer_totals')
    .are([
      { customer: 'ann', currency: 'EUR', orders: 2, total: 150 },
      { customer: 'ann', currency: 'USD', orders: 1, total: 7 },
      { customer: 'bob', currency: 'EUR', orders: 1, total: 30 },
    ])
})

test('a cancelled order no longer counts, once, whatever is delivered again', async () => {
  const spec = givenEvents(
    customerTotals,
    ...orders,
    inStream('o-1', cancelled),
    inStream('o-4', orderEvents.ready(), orderEvents.shipped()),
  )
    .deliveredTwice()
    .deliveredAnyhow()
  await spec.rows('customer_totals').are([
    { customer: 'ann', currency: 'EUR', orders: 1, total: 50 },
    { customer: 'ann', currency: 'USD', orders: 1, total: 7 },
    { customer: 'bob', currency: 'EUR', orders: 1, total: 30 },
  ])
  await spec.rows('customer_open_orders').are([
    { id: 'o-2', customer: 'ann', currency: 'EUR', total: 50 },
    { id: 'o-3', customer: 'ann', currency: 'USD', total: 7 },
  ])
})

test('a cancellation of an order that nobody knows changes nothing', async () => {
  await givenEvents(customerTotals, inStream('o-9', cancelled)).rows('customer_totals').are([])
})
