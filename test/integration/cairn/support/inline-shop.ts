import { allRows, bigint, defineDomain, defineProjection, integer, table, text } from '@cairn/cairn'
import { Order, orderEvents, totalOf } from '@cairn/example-shop'

/** Rows that are there when an append returns; customers share a row over many streams. */
export const openOrders = defineProjection('open-orders', {
  version: 1,
  mode: 'inline',
  events: [orderEvents],
  tables: {
    open_orders: table({ id: text(), customer: text(), total: bigint() }, { key: 'id', readAccess: { '*': allRows } }),
    open_totals: table({ customer: text(), orders: integer(), total: bigint() }, { key: 'customer', readAccess: { '*': allRows } }),
  },
}).on({
  'order.created': ({ aggregateId, payload }, { open_orders, open_totals }) => {
    const total = totalOf(payload.lines)
    if (payload.customerId === 'nobody') throw new Error('an order needs a customer')
    open_orders.upsert({ id: aggregateId, customer: payload.customerId, total })
    open_totals.increment(payload.customerId, { orders: 1, total })
  },
  'order.ready': async ({ aggregateId }, { open_orders, open_totals }) => {
    const order = await open_orders.get(aggregateId)
    if (order === undefined) return
    open_orders.delete(aggregateId)
    open_totals.patch(order.customer, { orders: ((await open_totals.get(order.customer))?.orders ?? 0) - 1 })
  },
})

export const inlineShop = defineDomain('inline-shop', { aggregates: [Order], projections: [openOrders] })
