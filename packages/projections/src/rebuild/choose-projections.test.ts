import { defineEvents, table, text, UnknownProjectionError } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineProjection } from '../define/define-projection.ts'
import { chooseProjections } from './choose-projections.ts'

const events = [defineEvents('order', { created: z.object({}) })]
const one = table({ id: text() }, { key: 'id' })
const projections = [
  defineProjection('order-summary', { version: 1, events, tables: one }),
  defineProjection('totals', { version: 1, events, tables: { customer_totals: one, totals: one } }),
].map((start) => start.on({ 'order.created': () => undefined }))

const chosen = (...names: readonly string[]) => chooseProjections(projections, { names }).map(({ name }) => name)

test('by their names, by their tables, once each and in the order of their registration', () => {
  expect(chosen('totals', 'order-summary')).toEqual(['order-summary', 'totals'])
  expect(chosen('customer_totals', 'totals')).toEqual(['totals'])
  expect(chosen('order_summary')).toEqual(['order-summary'])
  expect(chosen()).toEqual([])
  expect(chooseProjections(projections, { all: true })).toEqual(projections)
})

test('an unknown name is refused with the nearest one and all projections', () => {
  expect(() => chosen('costumer_totals')).toThrow(UnknownProjectionError)
  expect(() => chosen('costumer_totals')).toThrow(
    'There is no projection "costumer_totals". Did you mean "customer_totals"? Known: order-summary, totals.',
  )
})
