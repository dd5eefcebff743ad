import { givenEvents, inStream } from '@cairn/testing/specs'
import { test } from 'vitest'
import { invoiceEvents } from './invoice-events.ts'
import { revenuePerDay } from './revenue-per-day.ts'

const received = (amount: number) => invoiceEvents.paymentReceived({ amount, reference: 'r' })

test('payments count on the day they came in, in parts or whole', async () => {
  await givenEvents(
    revenuePerDay,
    inStream({ aggregateId: 'i-1', recordedAt: '2026-03-01T23:59:59.999Z' }, received(400)),
    inStream({ aggregateId: 'i-1', recordedAt: '2026-03-02T00:00:00Z' }, received(600), invoiceEvents.paid({ orderId: 'o-1' })),
    inStream({ aggregateId: 'i-2', recordedAt: '2026-03-02T12:00:00Z' }, received(50), invoiceEvents.paid({ orderId: 'o-2' })),
  )
    .deliveredTwice()
    .deliveredAnyhow()
    .rows('revenue_per_day')
    .are([
      { day: '2026-03-01', payments: 1, amount: 400, invoices_paid: 0 },
      { day: '2026-03-02', payments: 2, amount: 650, invoices_paid: 2 },
    ])
})
