import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const known = ['order.create', 'order.markReady', 'order.autoCancel', 'invoice.create', 'invoice.pay']

test('a slip of the finger finds the name that was meant', () => {
  expect(nearest('order.creat', known)).toBe('order.create')
  expect(nearest('order.markready', known)).toBe('order.markReady')
  expect(nearest('order.amrkReady', known)).toBe('order.markReady')
  expect(nearest('Order.AutoCancel', known)).toBe('order.autoCancel')
  expect(nearest('invoice.pya', known)).toBe('invoice.pay')
})

test('an exact name wins over a near one, and the nearer of two wins', () => {
  expect(nearest('invoice.create', known)).toBe('invoice.create')
  expect(nearest('ordr.create', known)).toBe('order.create')
})

test('a name like no other finds none', () => {
  expect(nearest('shipment.dispatch', known)).toBeUndefined()
  expect(nearest('', known)).toBeUndefined()
  expect(nearest('order.create', [])).toBeUndefined()
})
