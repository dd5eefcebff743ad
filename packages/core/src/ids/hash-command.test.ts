import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashCommand } from './hash-command.ts'

const hash = (payload: unknown, over: { type?: string; aggregateType?: string; aggregateId?: string } = {}): string =>
  hashCommand({ type: 'order.create', aggregateType: 'order', aggregateId: 'o-1', ...over, payload })

/** A value as JSON with its keys in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reordered(inner)]),
  )
}

test('the hash is SHA-256 in lower-case hex and does not depend on the order of keys', () => {
  expect(hash({})).toMatch(/^[0-9a-f]{64}$/)
  fc.assert(fc.property(fc.jsonValue(), (payload) => hash(payload) === hash(reordered(payload))))
})

/** JSON text tells two JSON values apart once their keys are in order; -0 is 0 there, as in the database. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

test('different payloads have different hashes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      fc.pre(canonical(a) !== canonical(b))
      expect(hash(a)).not.toBe(hash(b))
    }),
  )
})

test('look-alikes differ: text and number, absent and null, array and object, one nesting and another', () => {
  const payloads = [
    {},
    [],
    null,
    '',
    0,
    false,
    '0',
    'null',
    { a: null },
    { a: [] },
    { a: {} },
    { a: '1' },
    { a: 1 },
    [['a', 1]],
    { o: [['a', 1]] },
    { a: { b: 1 } },
    { a: 1, b: 1 },
    { '1': 'x' },
    ['x'],
    { 0: 'x' },
    JSON.parse('{"__proto__":1}') as unknown,
    { date: new Date(0) },
    { date: new Date(1) },
  ]
  expect(new Set(payloads.map((payload) => hash(payload))).size).toBe(payloads.length)
})

test('type and target count, and do not run into one another', () => {
  const hashes = [
    hash({}),
    hash({}, { type: 'order.cancel' }),
    hash({}, { aggregateId: 'o-2' }),
    hash({}, { aggregateType: 'invoice' }),
    hash({}, { aggregateType: 'ordero', aggregateId: '-1' }),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})

test('an undefined field is an absent one, as JSON has it', () => {
  expect(hash({ a: 1, b: undefined })).toBe(hash({ a: 1 }))
})
