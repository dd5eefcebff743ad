import { StatementStoppedError } from '@cairn/core'
import { expect, test } from 'vitest'
import { isOfAnEvent, mayHeal } from './failure-kinds.ts'

test('a statement that was stopped is tried again, and parks no event', () => {
  const stopped = new StatementStoppedError('a commit', '57014', undefined)
  expect([mayHeal(stopped), isOfAnEvent(stopped)]).toEqual([true, false])
})
