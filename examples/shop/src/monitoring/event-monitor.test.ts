import { createCairn } from '@cairn/cairn'
import { givenEvents, inStream } from '@cairn/testing/specs'
import { expect, test } from 'vitest'
import { billing } from '../billing/index.ts'
import { orderCommands, orderEvents, shop } from '../ordering/index.ts'
import { eventMonitor } from './event-monitor.ts'
import { monitoring } from './index.ts'

const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

test('every event counts once, whatever is delivered again', async () => {
  const created = orderEvents.created({ customerId: 'c', lines, currency: 'EUR' })
  await givenEvents(eventMonitor, inStream('o-1', created, orderEvents.ready()), inStream('o-2', created))
    .deliveredTwice()
    .deliveredAnyhow()
    .rows('event_counts')
    .are([
      { type: 'order.created', events: 2 },
      { type: 'order.ready', events: 1 },
    ])
})

test('the fifty newest events come first, and the most frequent types', async () => {
  await using app = await createCairn({ domains: [shop, billing, monitoring], database: 'memory', defaultTenantId: 't' })
  let position = 0
  for (let i = 0; i < 60; i++) {
    await app.dispatch(orderCommands.create({ orderId: `o-${i}`, customerId: 'c', lines }))
    if (i % 3 === 0) position = (await app.dispatch(orderCommands.markReady({ orderId: `o-${i}` }))).position
  }
  await app.waitFor((await app.events.readAll()).next)
  const recent = await app.readModel('recent_events', { role: 'staff' }).find({ orderBy: '-position', limit: 50 })
  expect(recent.rows).toHaveLength(50)
  expect(recent.rows.map((row) => row.position)).toEqual(Array.from({ length: 50 }, (_, i) => 80 - i))
  expect(position).toBe(78)
  const counts = await app.readModel('event_counts', { role: 'staff' }).find({ orderBy: '-events' })
  expect(counts.rows).toEqual([
    { type: 'order.created', events: 60 },
    { type: 'order.ready', events: 20 },
  ])
})
