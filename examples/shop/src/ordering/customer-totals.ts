import { allRows, bigint, defineProjection, integer, ownRows, table, text } from '@cairn/cairn'
import { totalOf } from './line.ts'
import { orderEvents } from './order-events.ts'

/**
 * What each customer ordered in all, without what was cancelled. A cancellation does not say whose order it was nor what it
 * was worth, so a second table remembers that of the orders that can still be cancelled; both change together.
 */
export const customerTotals = defineProjection('customer-totals', {
  version: 1,
  events: [orderEvents],
  tables: {
    customer_totals: table(
      {
        customer: text(),
        currency: text(),
        orders: integer(),
        /** In cents. */
        total: bigint(),
      },
      { key: ['customer', 'currency'], readAccess: { customer: ownRows('customer'), staff: allRows } },
    ),
    // Nobody reads it but the projection.
    customer_open_orders: table({ id: text(), customer: text(), currency: text(), total: bigint() }, { key: 'id' }),
  },
}).on({
  'order.created': ({ aggregateId, payload: { customerId, currency, lines } }, { customer_totals, customer_open_orders }) => {
    const total = totalOf(lines)
    customer_totals.increment([customerId, currency], { orders: 1, total })
    customer_open_orders.upsert({ id: aggregateId, customer: customerId, currency, total })
  },
  'order.shipped': ({ aggregateId }, { customer_open_orders }) => customer_open_orders.delete(aggregateId),
  'order.cancelled': async ({ aggregateId }, { customer_totals, customer_open_orders }) => {
    const order = await customer_open_orders.get(aggregateId)
    if (order === undefined) return
    customer_totals.increment([order.customer, order.currency], { orders: -1, total: -order.total })
    customer_open_orders.delete(aggregateId)
  },
})
