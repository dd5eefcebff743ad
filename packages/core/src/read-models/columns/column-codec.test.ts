import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { RowValueError } from '../../errors/projections.ts'
import type { ColumnLike } from './column.ts'
import { columnCodec } from './column-codec.ts'
import { bigint, boolean, date, double, integer, json, numeric, text, timestamp, uuid } from './columns.ts'

const codecOf = (column: ColumnLike) => columnCodec('orders', { name: 'value', ...column.spec })
const id = '0190B1C4-7A3E-7BBB-8000-0123456789AB'
const moment = '2026-01-31T10:00:00.000Z'

interface Example {
  readonly kind: string
  readonly column: ColumnLike
  /** What goes in, and what rows carry. */
  readonly fits: readonly (readonly [unknown, unknown])[]
  readonly refused: readonly unknown[]
}

const same = (...values: readonly unknown[]): readonly (readonly [unknown, unknown])[] => values.map((value) => [value, value])

const examples: readonly Example[] = [
  { kind: 'text', column: text(), fits: same('', 'x', '✓ 🜁'), refused: [1, true, {}, 'a\0b', 'cut \ud83d'] },
  {
    kind: 'integer',
    column: integer(),
    fits: [...same(0, -2_147_483_648, 2_147_483_647), [-0, 0]],
    refused: ['1', 1.5, 2_147_483_648, Number.NaN],
  },
  {
    kind: 'bigint',
    column: bigint(),
    fits: same(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    refused: [Number.MAX_SAFE_INTEGER + 1, 0.5, '1', 1n],
  },
  {
    kind: 'numeric',
    column: numeric(5, 2),
    fits: [
      [1.5, 1.5],
      [0.125, 0.13],
    ],
    refused: ['1.5', 1_000, Number.NaN],
  },
  { kind: 'long numeric', column: numeric(20, 2), fits: [['1.5', '1.50']], refused: [1.5, '1e3', 'x'] },
  { kind: 'double', column: double(), fits: [...same(0.1, -1e300, 5e-324), [-0, 0]], refused: ['1', Number.NaN, Number.POSITIVE_INFINITY] },
  { kind: 'boolean', column: boolean(), fits: same(true, false), refused: [0, 'true'] },
  { kind: 'uuid', column: uuid(), fits: [[id, id.toLowerCase()]], refused: ['x', id.replaceAll('-', ''), 5] },
  {
    kind: 'date',
    column: date(),
    fits: same('2026-01-31', '2024-02-29', '0001-01-01', '9999-12-31'),
    refused: ['2026-02-30', '2025-02-29', '0000-01-01', '2026-1-1', '2026-13-01', moment, new Date()],
  },
  {
    kind: 'timestamp',
    column: timestamp(),
    fits: [
      [moment, moment],
      [new Date(moment), moment],
      ['2026-01-31T10:00:00Z', moment],
      ['2026-01-31T12:00+02:00', moment],
      ['2026-01-31T10:00:00.0009Z', moment],
    ],
    refused: [
      '2026-01-31',
      '2026-01-31T10:00:00',
      '2026-02-30T10:00:00Z',
      '2026-01-31T25:00:00Z',
      new Date(Number.NaN),
      new Date(-1e15),
      0,
      'soon',
    ],
  },
  {
    kind: 'json',
    column: json(),
    fits: [...same(0, 'x', [], { a: [1, { b: null }] }), [{ a: undefined, b: -0 }, { b: 0 }]],
    refused: [undefined, Number.NaN, { at: new Date(0) }, [undefined], { a: { b: 1n } }, { a: 'x\0' }, { 'k\0': 1 }, new Map()],
  },
]

describe.each(examples)('a column of $kind', ({ column, fits, refused }) => {
  const codec = codecOf(column)

  test('keeps what fits, in one form', () => {
    for (const [value, kept] of fits) {
      expect(codec.accept(value)).toEqual(kept)
      expect(Object.is(codec.accept(value), -0)).toBe(false)
    }
  })

  test('refuses what does not, naming table and column', () => {
    for (const value of refused) {
      expect(() => codec.accept(value)).toThrow(RowValueError)
      expect(() => codec.accept(value)).toThrow(/^orders\.value /)
    }
  })
})

test('sums that leave the range of a column are refused', () => {
  expect(codecOf(integer()).add?.(2_147_483_646, 1)).toBe(2_147_483_647)
  expect(() => codecOf(integer()).add?.(2_147_483_647, 1)).toThrow(/would be 2147483647 plus 1/)
  expect(() => codecOf(bigint()).add?.(Number.MAX_SAFE_INTEGER, 1)).toThrow(RowValueError)
  expect(() => codecOf(double()).add?.(1.7e308, 1.7e308)).toThrow(RowValueError)
  expect(codecOf(text()).add).toBeUndefined()
})

test('JSON is a frozen copy: nobody changes a kept row from outside', () => {
  const value = { lines: [{ sku: 'a' }] }
  const kept = codecOf(json()).accept(value)
  value.lines.push({ sku: 'b' })
  expect(kept).toEqual({ lines: [{ sku: 'a' }] })
  expect(Object.isFrozen((kept as typeof value).lines)).toBe(true)
})

test('a key named __proto__ stays a key', () => {
  const kept = codecOf(json()).accept(JSON.parse('{"__proto__": {"admin": true}}'))
  expect(Object.keys(kept as object)).toEqual(['__proto__'])
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"admin":true}}')
})

test('a value that holds itself is refused', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  expect(() => codecOf(json()).accept(loop)).toThrow(/nests deeper than 200 levels/)
})

test('a JSON column with a schema checks by it and fills in its defaults', () => {
  const codec = codecOf(json(z.object({ a: z.number(), b: z.string().default('x') })))
  expect(codec.accept({ a: 1 })).toEqual({ a: 1, b: 'x' })
  expect(() => codec.accept({ a: 'one' })).toThrow(/^orders\.value .*a: /)
})
