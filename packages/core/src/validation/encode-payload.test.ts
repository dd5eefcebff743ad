import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidInputError, PayloadTooLargeError } from '../errors/input.ts'
import { encodePayload, maxPayloadDepth } from './encode-payload.ts'

const encode = (value: unknown, limit?: number): string => encodePayload('event order.created', value, limit)

test('what JSON can carry comes back as it was: unicode, big integers as text, nested nulls', () => {
  const text = fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed() && !s.includes('\0'))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.bigInt().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (payload) => {
      expect(isDeepStrictEqual(JSON.parse(encode(payload)), payload)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a NUL character is refused wherever it stands, keys too', () => {
  for (const bad of ['a\0b', '\0', { a: ['\0'] }, { 'k\0': 1 }, { a: { b: '\\\0' } }, '\\\\\0', '😀\0']) {
    expect(() => encode(bad)).toThrow(InvalidInputError)
    expect(() => encode(bad)).toThrow(/event order\.created holds a NUL character/)
  }
})

test('half of a surrogate pair is refused wherever it stands, and whole pairs pass', () => {
  for (const bad of ['\ud800', 'a\udfffb', { '\udc00': 1 }, ['\\\ud83d'], '\ude00\ud83d']) {
    expect(() => encode(bad)).toThrow(/half of a surrogate pair/)
  }
  expect(JSON.parse(encode('😀'))).toBe('😀')
})

test('text that only looks like an escape is let through', () => {
  for (const good of ['\\u0000', '\\\\u0000', 'C:\\ud800', '\\ud800', '\u0001\u001f', '\\"\\u0000'])
    expect(JSON.parse(encode(good))).toBe(good)
})

test('property: exactly the texts with a NUL or a lone surrogate are refused', () => {
  const pieces = fc.constantFrom('\\', 'u0000', 'ud800', '\0', '\ud800', '\udc00', '"', 'a', '\n', '\u0007')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      const refused = text.includes('\0') || !text.isWellFormed()
      let threw = false
      try {
        encode({ [text]: [text] })
      } catch {
        threw = true
      }
      expect(threw).toBe(refused)
    }),
    { numRuns: 2_000 },
  )
})

test('numbers that JSON cannot express are refused, with their place', () => {
  expect(() => encode({ a: { b: [1, Number.NaN] } })).toThrow(/holds NaN at a\.b\.1/)
  expect(() => encode([Number.POSITIVE_INFINITY])).toThrow(/holds Infinity at 0/)
  expect(() => encode({ a: [undefined] })).toThrow(/holds undefined at a\.0/)
  expect(() => encode({ at: new Date(Number.NaN) })).toThrow(/invalid date at at/)
  expect(JSON.parse(encode({ a: null, b: 'null', c: [null], d: undefined }))).toEqual({ a: null, b: 'null', c: [null] })
})

test('what is no JSON at all is refused', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  for (const bad of [undefined, () => 1, Symbol('x'), 1n, { a: 1n }, circular]) expect(() => encode(bad)).toThrow(InvalidInputError)
})

test('the limit counts bytes of UTF-8: one at the limit passes, one over it does not', () => {
  // 'é' is two bytes, and two quotes stand around.
  expect(encode('é'.repeat(50), 102)).toHaveLength(52)
  expect(() => encode('é'.repeat(50), 101)).toThrow(PayloadTooLargeError)
  expect(() => encode('é'.repeat(50), 101)).toThrow(/event order\.created is 102 bytes, over the limit of 101/)
  expect(encode('x'.repeat(1_048_574))).toHaveLength(1_048_576)
  expect(() => encode('x'.repeat(1_048_575))).toThrow(PayloadTooLargeError)
})

function nested(depth: number): unknown {
  return JSON.parse('[{"a":'.repeat(depth / 2) + 'null' + '}]'.repeat(depth / 2))
}

test('bottomless nesting is refused, and braces inside text do not count', () => {
  expect(JSON.parse(encode(nested(maxPayloadDepth)))).toEqual(nested(maxPayloadDepth))
  expect(() => encode(nested(maxPayloadDepth + 2))).toThrow(/nests deeper than 500/)
  expect(() => encode({ a: nested(maxPayloadDepth + 2), b: Number.NaN })).toThrow(/nests deeper/)
  const braces = ['[{'.repeat(5_000), '\\"['.repeat(5_000), '"{\\']
  expect(JSON.parse(encode(braces))).toEqual(braces)
  const wide = Array.from({ length: 2_000 }, () => [{}])
  expect(JSON.parse(encode(wide))).toEqual(wide)
})
