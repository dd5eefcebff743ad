import { expect, test } from 'vitest'
import { median, rotated } from './statistics.ts'

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('over as many rounds as there are systems each system runs once in every place', () => {
  const orders = [0, 1, 2].map((round) => rotated(['a', 'b', 'c'], round))
  for (const place of [0, 1, 2]) expect(orders.map((order) => order[place]).toSorted()).toEqual(['a', 'b', 'c'])
})
