import { StatementStoppedError } from '@cairn/core'
import { expect, it, test } from 'vitest'
import { isOfAnEvent, mayHeal } from './failure-kinds.ts'

test('a statement that was stopped is tried again, and parks no event', () => {
  const stopped = new StatementStoppedError('a commit', '57014', undefined)
  expect([mayHeal(stopped), isOfAnEvent(stopped)]).toEqual([true, false])
})

it.each([
  ['EPIPE', true],
  ['ECONNRESET', true],
  ['23505', true],
  ['42501', false],
  ['53100', false],
])('tells by %s whether an event is to blame', (code, blamed) => {
  expect(isOfAnEvent(Object.assign(new Error(code), { code }))).toBe(blamed)
})
