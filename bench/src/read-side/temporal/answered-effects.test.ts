import { expect, test } from 'vitest'
import { lineAdded } from '../../workload/payload.ts'
import { answeredEffects } from './answered-effects.ts'

const row = (id: string, n: number) => ({ id, line: lineAdded(n).lineId })
const answer = (id: string, status: 'processed' | 'failed' = 'processed') => ({ status, result: { eventIds: [id] } })

test('each caller’s own event counts', () => {
  expect(answeredEffects([row('b', 1), row('a', 0)], [answer('a'), answer('b')])).toBe(2)
})

test('another caller’s event, none, or a failed command does not count', () => {
  expect(answeredEffects([row('a', 0), row('b', 1)], [answer('b'), answer('a')])).toBe(0)
  expect(answeredEffects([row('a', 0), row('b', 1)], [answer('a'), { status: 'processed', result: undefined }])).toBe(1)
  expect(answeredEffects([row('a', 0), row('b', 1)], [answer('a'), answer('b', 'failed')])).toBe(1)
})

test('an event too many shows in the number', () => {
  expect(answeredEffects([row('a', 0), row('b', 1), row('c', 1)], [answer('a'), answer('b')])).toBe(3)
})
