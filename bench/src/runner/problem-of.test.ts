import { expect, test } from 'vitest'
import type { Measured } from '../child/protocol.ts'
import { rows } from '../rows/rows.ts'
import type { Row } from '../rows/row.ts'
import { problemOf } from './problem-of.ts'

const rowOf = (id: string): Row => {
  const row = rows.find((r) => r.id === id)
  if (row === undefined) throw new Error(`There is no row ${id}.`)
  return row
}

const measured: Measured = {
  variant: 'any',
  operations: 10,
  seconds: 1,
  failed: 0,
  firstError: undefined,
  eventsAdded: 10,
  receiptsAdded: 10,
  processor: { client: 0, server: undefined },
}

test('a measurement counts when the database holds what was acknowledged', () => {
  expect(problemOf(rowOf('append-1'), measured, false)).toBeUndefined()
  expect(problemOf(rowOf('append-20'), { ...measured, eventsAdded: 200 }, false)).toBeUndefined()
  expect(problemOf(rowOf('load-1000'), { ...measured, eventsAdded: 0, receiptsAdded: 0 }, false)).toBeUndefined()
})

test('a system that lost or doubled an event does not count', () => {
  expect(problemOf(rowOf('append-1'), { ...measured, eventsAdded: 9 }, false)).toContain('9 events are stored, 10')
  expect(problemOf(rowOf('command-hot'), { ...measured, eventsAdded: 11 }, false)).toContain('11 events are stored, 10')
})

test('a receipt that is missing does not count, but a system without receipts has none to miss', () => {
  expect(problemOf(rowOf('append-1'), { ...measured, receiptsAdded: 0 }, false)).toContain('0 receipts')
  expect(problemOf(rowOf('append-1'), { ...measured, receiptsAdded: 0 }, true)).toBeUndefined()
  expect(problemOf(rowOf('append-1'), { ...measured, receiptsAdded: undefined }, false)).toBeUndefined()
})

test('one failed caller is enough', () => {
  expect(problemOf(rowOf('append-1'), { ...measured, failed: 1, firstError: 'too many clients' }, false)).toContain('too many clients')
})
