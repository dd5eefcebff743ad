import { expect, test } from 'vitest'
import { PayloadTooLargeError } from '../errors/input.ts'
import { encodePayload } from './encode-payload.ts'
import { addedByExponents } from './printed-numbers.ts'

const numbers = (count: number): readonly number[] => Array.from({ length: count }, () => 1e308)

const printed: readonly (readonly [written: string, printed: string])[] = [
  ['1e+21', `1${'0'.repeat(21)}`],
  ['-1.5e+22', `-15${'0'.repeat(21)}`],
  ['1e-7', '0.0000001'],
  ['-1.25e-7', '-0.000000125'],
  ['5e-324', `0.${'0'.repeat(323)}5`],
  ['0.001e5', '100'],
  ['12.50E0', '12.50'],
  ['0e-3', '0.000'],
  ['0e9', '0'],
]

test('numbers with an exponent count as they are printed, wherever they stand', () => {
  for (const [written, wanted] of printed) {
    const added = wanted.length - written.length
    expect([written, addedByExponents(written)]).toEqual([written, added])
    expect(addedByExponents(`[1,${written},{"a":${written}}]`)).toBe(2 * added)
  }
})

test('text that only looks like one, and other numbers, add nothing', () => {
  for (const value of ['1e308', ',1e308', '":1e308', '\\",1e+308', { '[1e308': ':1e308' }, [1, -2.5, 123456789012345680000], 'e1', null]) {
    expect(addedByExponents(JSON.stringify(value))).toBe(0)
  }
  // One that counts makes the rest be looked at.
  expect(addedByExponents(JSON.stringify([',1e308', 1e21, { '"': ':1e99' }]))).toBe(17)
})

test('a payload that is small as JSON and large as PostgreSQL prints it is refused', () => {
  // 309 digits each, a comma between them, two brackets.
  expect(() => encodePayload('event a.b', numbers(100), 31_001)).not.toThrow()
  expect(() => encodePayload('event a.b', numbers(100), 31_000)).toThrow(PayloadTooLargeError)
  expect(() => encodePayload('event a.b', { list: numbers(10_000) })).toThrow(/1,?048,?576/)
})
