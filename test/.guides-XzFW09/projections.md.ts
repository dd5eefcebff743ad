import { allRows, date, defineEvents, defineProjection, integer, numeric, ownRows, table, text, timestamp } from '@cairn/cairn'
import { z } from 'zod'

const orderEvents = defineEvents('order', {
  created: z.object({ customerId: z.string(), total: z.number() }),
  cancelled: z.object({ reason: z.string() }),
})

export const orderSummary = defineProjection('order-summary', {
  version: 1,
  events: [orderEvents],
  partitionBy: 'stream',
  tables: {
    order_summary: table(
      { id: text(), customer: text(), total: numeric(12, 2), status: text(), placed_at: timestamp(), note: text().nullable() },
      { key: 'id', indexes: ['customer'], readAccess: { customer: ownRows('customer').hide('note'), staff: allRows } },
    ),
  },
}).on({
  'order.created': (e, { order_summary }) =>
    order_summary.upsert({
      id: e.aggregateId,
      customer: e.payload.customerId,
      total: e.payload.total,
      status: 'open',
      placed_at: e.recordedAt,
    }),
  'order.cancelled': (e, { order_summary }) => order_summary.patch(e.aggregateId, { status: 'cancelled', note: e.payload.reason }),
})

export const salesPerDay = defineProjection('sales-per-day', {
  version: 1,
  events: [orderEvents],
  tables: table({ day: date(), orders: integer(), total: numeric(12, 2) }, { key: 'day', readAccess: { staff: allRows } }),
}).fold('sales_per_day', {
  key: (e) => e.recordedAt.toISOString().slice(0, 10),
  evolve: {
    'order.created': (row, e) => ({ orders: (row?.orders ?? 0) + 1, total: (row?.total ?? 0) + e.payload.total }),
  },
})

import { givenEvents, inStream } from '@cairn/testing/specs'

await givenEvents(
  orderSummary,
  inStream('o-1', orderEvents.created({ customerId: 'c-1', total: 9.5 }), orderEvents.cancelled({ reason: 'late' })),
  inStream({ aggregateId: 'o-2', tenantId: 'acme' }, orderEvents.created({ customerId: 'c-2', total: 1 })),
)
  .deliveredTwice()
  .rows('order_summary')
  .are([{ id: 'o-1', customer: 'c-1', total: 9.5, status: 'cancelled', placed_at: '2026-01-01T00:00:00.000Z', note: 'late' }])

await givenEvents(orderSummary, orderEvents.cancelled({ reason: 'late' })).fails(/no row "order-1"/)

import { InMemoryRowStore, LoadedProjections, loadProjections, projectEvents } from '@cairn/projections'

const rows = new InMemoryRowStore()
await projectEvents([orderSummary, salesPerDay], [], rows)
const loaded: LoadedProjections = await loadProjections([{ orderSummary, salesPerDay }])
loaded.get('order-summary').version satisfies number
