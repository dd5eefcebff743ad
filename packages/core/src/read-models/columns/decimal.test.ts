import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, type Decimal } from './decimal.ts'

test('numbers are rounded to the scale, halves away from zero, and never read -0', () => {
  const { fit } = decimal(6, 2)
  expect([1.25, -1.25, 0.1 + 0.2, 2.675, 0.005, -0.005].map(fit)).toEqual([1.25, -1.25, 0.3, 2.68, 0.01, -0.01])
  expect(Object.is(fit(-0), 0)).toBe(true)
  expect(Object.is(fit(-0.001), 0)).toBe(true)
})

test('what has too many digits, or is no number, does not fit', () => {
  const { fit, add } = decimal(4, 2)
  expect([99.99, -99.99].map(fit)).toEqual([99.99, -99.99])
  expect([100, -100, 99.995, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined].map(fit)).toEqual(Array.from({ length: 8 }))
  expect(add(99, 0.99)).toBe(99.99)
  expect(add(99, 1)).toBeUndefined()
})

test('long decimals are text of the full scale', () => {
  const { fit, add } = decimal(30, 2)
  expect(['1', '-1.5', '007', '1.005', '-1.005', '-0.001', '1.994999'].map(fit)).toEqual([
    '1.00',
    '-1.50',
    '7.00',
    '1.01',
    '-1.01',
    '0.00',
    '1.99',
  ])
  expect([1, '', '.5', '1.', '+1', '1e3', ' 1', 'NaN', `1${'0'.repeat(28)}`, '9'.repeat(10_000)].map(fit)).toEqual(
    Array.from({ length: 10 }),
  )
  expect(fit('9'.repeat(28))).toBe(`${'9'.repeat(28)}.00`)
  expect(add('9999999999999999999999999999.98', '0.01')).toBe('9999999999999999999999999999.99')
  expect(add('9999999999999999999999999999.98', '0.02')).toBeUndefined()
  expect(add('-0.01', '0.01')).toBe('0.00')
  expect(decimal(30, 0).fit('12.5')).toBe('13')
})

function sumOf({ add, fit }: Decimal, amounts: readonly number[]): unknown {
  return amounts.reduce<unknown>((total, amount) => add(total, fit(amount)), 0)
}

test('property: sums of any number of amounts are exact, whatever their order', () => {
  const money = decimal(15, 4)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), { maxLength: 200 }), (wholes) => {
      const amounts = wholes.map((whole) => whole / 10_000)
      const exact = Number(wholes.reduce((total, whole) => total + BigInt(whole), 0n)) / 10_000
      expect(sumOf(money, amounts)).toBe(exact)
      expect(sumOf(money, amounts.toReversed())).toBe(exact)
    }),
  )
})

test('property: halves go away from zero, as their text reads', () => {
  const { fit } = decimal(12, 2)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (hundredths) => {
      const half = Number(`${hundredths}5e-3`)
      expect(fit(half)).toBe((hundredths + 1) / 100)
      expect(fit(-half)).toBe(-(hundredths + 1) / 100)
    }),
  )
})

test('property: numbers and text of the same column shape agree', () => {
  const [short, long] = [decimal(15, 3), decimal(16, 3)]
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 14), max: 10 ** 14 }), fc.integer({ min: -(10 ** 14), max: 10 ** 14 }), (a, b) => {
      const [textA, textB] = [a, b].map((whole) => (whole / 1_000).toFixed(3))
      expect(Number(long.add(textA, textB))).toBe(short.add(a / 1_000, b / 1_000))
    }),
  )
})
