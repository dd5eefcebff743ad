import { allRows, bigint, defineProjection, table, text, timestamp, type OperationsByTable, type RecordedEvent } from '@cairn/cairn'
import { invoiceEvents } from '../billing/invoice-events.ts'
import { orderEvents } from '../ordering/order-events.ts'

const tables = {
  recent_events: table(
    { position: bigint(), type: text(), aggregate_id: text(), recorded_at: timestamp() },
    { key: 'position', readAccess: { staff: allRows } },
  ),
  event_counts: table({ type: text(), events: bigint() }, { key: 'type', indexes: ['events'], readAccess: { staff: allRows } }),
}

/** What happened last, and how often what happened: the log as somebody who watches it wants to see it. */
export const eventMonitor = defineProjection('event-monitor', { version: 1, events: [orderEvents, invoiceEvents], tables }).on({
  'order.created': note,
  'order.ready': note,
  'order.cancelled': note,
  'order.shipped': note,
  'invoice.created': note,
  'invoice.paymentReceived': note,
  'invoice.paymentFailed': note,
  'invoice.paid': note,
  'invoice.voided': note,
})

function note(event: RecordedEvent, { recent_events, event_counts }: OperationsByTable<typeof tables>): void {
  const { position, type, aggregateId, recordedAt } = event
  recent_events.upsert({ position, type, aggregate_id: aggregateId, recorded_at: recordedAt })
  event_counts.increment(type, { events: 1 })
}
