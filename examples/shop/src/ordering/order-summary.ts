import { allRows, bigint, defineProjection, ownRows, table, text, timestamp } from '@cairn/cairn'
import { totalOf } from './line.ts'
import { orderEvents } from './order-events.ts'

/** One row for each order: what a customer sees in the list of orders, and staff in everybody's. */
export const orderSummary = defineProjection('order-summary', {
  version: 1,
  events: [orderEvents],
  // An order's row is changed by that order's events alone, so several processes may share the work.
  partitionBy: 'stream',
  partitions: 4,
  tables: table(
    {
      id: text(),
      customer: text(),
      /** In cents. */
      total: bigint(),
      currency: text(),
      status: text<'open' | 'ready' | 'shipped' | 'cancelled'>(),
      placed_at: timestamp(),
      note: text().nullable(),
    },
    {
      key: 'id',
      indexes: ['customer'],
      readAccess: { customer: ownRows('customer').hide('note'), staff: allRows },
    },
  ),
}).on({
  'order.created': ({ aggregateId, payload, recordedAt }, { order_summary }) =>
    order_summary.upsert({
      id: aggregateId,
      customer: payload.customerId,
      total: totalOf(payload.lines),
      currency: payload.currency,
      status: 'open',
      placed_at: recordedAt,
    }),
  'order.ready': ({ aggregateId }, { order_summary }) => order_summary.patch(aggregateId, { status: 'ready' }),
  'order.shipped': ({ aggregateId }, { order_summary }) => order_summary.patch(aggregateId, { status: 'shipped' }),
  'order.cancelled': ({ aggregateId, payload }, { order_summary }) =>
    order_summary.patch(aggregateId, { status: 'cancelled', note: payload.reason }),
})
