import { allRows, bigint, date, defineProjection, integer, table } from '@cairn/cairn'
import { invoiceEvents } from './invoice-events.ts'

/** What came in on each day (UTC): a fold, whose row is made of the row before and the event. */
export const revenuePerDay = defineProjection('revenue-per-day', {
  version: 1,
  events: [invoiceEvents],
  tables: table(
    {
      day: date(),
      payments: integer(),
      /** In cents. */
      amount: bigint(),
      invoices_paid: integer(),
    },
    { key: 'day', readAccess: { staff: allRows } },
  ),
}).fold('revenue_per_day', {
  key: ({ recordedAt }) => recordedAt.toISOString().slice(0, 'YYYY-MM-DD'.length),
  evolve: {
    'invoice.paymentReceived': (row, { payload }) => {
      const { payments, amount, invoices_paid } = row ?? nothing
      return { payments: payments + 1, amount: amount + payload.amount, invoices_paid }
    },
    'invoice.paid': (row) => {
      const { payments, amount, invoices_paid } = row ?? nothing
      return { payments, amount, invoices_paid: invoices_paid + 1 }
    },
  },
})

const nothing = { payments: 0, amount: 0, invoices_paid: 0 }
