import { BusinessRuleViolation, SchemaValidationError, toAggregateModel } from '@cairn/core'
import { given, storedAs } from '@cairn/testing/specs'
import { expect, test } from 'vitest'
import { orderCommands } from './order-commands.ts'
import { orderEvents } from './order-events.ts'
import { Order } from './order.ts'

const orderId = 'o-1'
const lines = [
  { sku: 'screw', quantity: 100, price: 5 },
  { sku: 'hammer', quantity: 1, price: 1_995 },
]
const created = orderEvents.created({ customerId: 'c-1', lines, currency: 'EUR' })

test('an order is created with its lines, in euros unless another currency is named', () => {
  given(Order)
    .when(orderCommands.create({ customerId: 'c-1', lines }))
    .emits(created)
    .leaves((order) => order.total === 2_495)
  given(Order)
    .when(orderCommands.create({ customerId: 'c-1', lines, currency: 'USD' }))
    .emits(orderEvents.created({ customerId: 'c-1', lines, currency: 'USD' }))
})

test('an order without lines, or with a line of nothing, is no order', () => {
  expect(() => orderCommands.create({ customerId: 'c-1', lines: [] })).toThrow(SchemaValidationError)
  expect(() => orderCommands.create({ customerId: 'c-1', lines: [{ sku: 'screw', quantity: 0, price: 5 }] })).toThrow(/lines\.0\.quantity/)
})

test('an open order becomes ready, once', () => {
  given(Order, created).when(orderCommands.markReady({ orderId })).emits(orderEvents.ready())
  given(Order, created, orderEvents.ready())
    .when(orderCommands.markReady({ orderId }))
    .rejects(/Order o-1 is ready, not open/)
})

test('what was never ordered, or is cancelled, does not become ready', () => {
  given(Order).when(orderCommands.markReady({ orderId })).rejects(BusinessRuleViolation)
  given(Order, created, orderEvents.cancelled({ reason: 'x' }))
    .when(orderCommands.markReady({ orderId }))
    .rejects(BusinessRuleViolation)
})

test('the timer cancels an open order, and leaves a ready, cancelled or unknown one alone', () => {
  const cancelled = orderEvents.cancelled({ reason: 'not ready in time' })
  given(Order, created)
    .when(orderCommands.autoCancel({ orderId }))
    .emits(cancelled)
    .leaves((order) => order.status === 'cancelled')
  given(Order, created, orderEvents.ready()).when(orderCommands.autoCancel({ orderId })).emits()
  given(Order, created, cancelled).when(orderCommands.autoCancel({ orderId })).emits()
  given(Order).when(orderCommands.autoCancel({ orderId })).emits()
})

test('orders of the first version, which sold in euros alone, are still read', () => {
  given(Order, storedAs(orderEvents.created, 1, { customer: 'c-1', lines }))
    .when(orderCommands.markReady({ orderId }))
    .emits(orderEvents.ready())
    .leaves((order) => order.total === 2_495)
})

test('snapshots of the first version are still read', () => {
  const { snapshots } = toAggregateModel(Order)
  expect(snapshots?.decode(1, { status: 'open', sum: 2_495 })).toEqual({ state: { status: 'open', total: 2_495 } })
  expect(snapshots?.due(99, 100)).toBe(true)
})
