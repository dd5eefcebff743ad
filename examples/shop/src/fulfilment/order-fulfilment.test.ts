import { after } from '@cairn/core'
import { givenProcess, inStream } from '@cairn/testing/specs'
import { test } from 'vitest'
import { invoiceCommands } from '../billing/invoice-commands.ts'
import { invoiceEvents } from '../billing/invoice-events.ts'
import { orderCommands } from '../ordering/order-commands.ts'
import { orderEvents } from '../ordering/order-events.ts'
import { orderFulfilment, readyWithin } from './order-fulfilment.ts'

const orderId = 'o-1'
const order = (...events: Parameters<typeof inStream> extends [unknown, ...infer E] ? E : never) => inStream(orderId, ...events)
const created = order(orderEvents.created({ customerId: 'c-1', lines: [{ sku: 'screw', quantity: 10, price: 5 }], currency: 'EUR' }))
const free = order(orderEvents.created({ customerId: 'c-1', lines: [{ sku: 'flyer', quantity: 1, price: 0 }], currency: 'EUR' }))
const ready = order(orderEvents.ready())
const paid = inStream('i-1', invoiceEvents.paid({ orderId }))
const failed = inStream('i-1', invoiceEvents.paymentFailed({ orderId, reason: 'no funds' }))
const autoCancel = orderCommands.autoCancel({ orderId })

test('an order that is not ready in time is cancelled: the timer begins with the order', () => {
  givenProcess(orderFulfilment)
    .when(created)
    .sends(after(readyWithin, autoCancel))
    .leaves({ total: 50 })
    .waitsFor('the order to become ready')
    .whenRedelivered()
})

test('an order that is ready is billed, and its timer ends', () => {
  givenProcess(orderFulfilment, created)
    .when(ready)
    .sends(invoiceCommands.create({ orderId, amount: 50 }))
    .cancels('order.autoCancel')
    .waitsFor('the payment of its invoice')
    .whenRedelivered()
})

test('what costs nothing is shipped without an invoice', () => {
  givenProcess(orderFulfilment, free).when(ready).sends(orderCommands.ship({ orderId })).cancels('order.autoCancel')
})

test('what is paid is shipped, and its shipment is the end', () => {
  givenProcess(orderFulfilment, created, ready).when(paid).sends(orderCommands.ship({ orderId })).goesOn()
  givenProcess(orderFulfilment, created, ready, paid).when(order(orderEvents.shipped())).sends().ends()
})

test('when the payment fails, the invoice and the order are taken back', () => {
  givenProcess(orderFulfilment, created, ready)
    .when(failed)
    .sends(
      invoiceCommands.void({ invoiceId: 'i-1', reason: 'no funds' }),
      orderCommands.cancel({ orderId, reason: 'payment failed: no funds' }),
    )
    .goesOn()
})

test('an order that is cancelled needs nothing more, whatever comes', () => {
  const cancelled = order(orderEvents.cancelled({ reason: 'x' }))
  givenProcess(orderFulfilment, created).when(cancelled).sends().cancels('order.autoCancel').ends()
  givenProcess(orderFulfilment, created, cancelled).when(ready, paid).sends().ends()
})

test('events of the invoice that come before those of the order send nothing twice', () => {
  givenProcess(orderFulfilment, created).when(ready, paid).whenReordered().whenRedelivered()
})
