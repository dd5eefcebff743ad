import type { PhysicalTable, RowValues, RowWrites } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import type { RowStoreContext } from './context.ts'
import { upserting } from './given.ts'
import { everything } from './models.ts'

const nothing: RowValues = Object.fromEntries(everything.columns.map(({ name }) => [name, null]))

/** Every column of `everything`, with values at its edges. */
const values: Readonly<Record<string, readonly unknown[]>> = {
  a_text: ['', 'plain', 'NULL', '{"a":1}', String.raw`back\slash`, 'quote\' and "quotes"', 'new\nline', '✓ 🜁', 'x'.repeat(100_000)],
  an_integer: [0, 1, -1, 2_147_483_647, -2_147_483_648],
  a_bigint: [0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  money: [0, 0.1, -0.01, 1.05, 9_999_999_999.99, -9_999_999_999.99, 12_345.6],
  exact: [0.000001, 123_456_789.012345, -999_999_999.999999],
  huge: ['0.0000000000', '123456789012345678901234567890.0123456789', '-0.0000000001'],
  a_double: [0, 0.1, -1.5, 1e-300, 1.7976931348623157e308, 5e-324, 1 / 3],
  a_boolean: [true, false],
  a_uuid: ['00000000-0000-0000-0000-000000000000', '0190b1c4-7a3e-7bbb-8000-0123456789ab'],
  a_date: ['2026-02-28', '2024-02-29', '0001-01-01', '9999-12-31', '1970-01-01', '1969-12-31'],
  a_timestamp: [
    '2026-01-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '1969-12-31T23:59:59.001Z',
  ],
  a_json: [
    {},
    [],
    'text',
    0,
    -1.5e-7,
    false,
    { a: [1, 2, { b: null }], c: 'ü"\\' },
    [null, true, 'NULL'],
    { z: 1, a: 2, '': 3 },
    { constructor: 1, deep: [[[[[1]]]]] },
  ],
}

export const rowValues = contractGroup<RowStoreContext>('values', {
  'come back as they went in, of every kind': async ({ store, make, tenantId }) => {
    const table = await make(everything)
    const rows = Object.entries(values).flatMap(([name, list]) => list.map((value) => ({ ...nothing, [name]: value })))
    await expectRoundTrip({ store, tenantId }, table, rows)
  },

  'come back together, in one row': async ({ store, make, tenantId }) => {
    const table = await make(everything)
    const most = Math.max(...Object.values(values).map((list) => list.length))
    const rows = Array.from({ length: most }, (_, i) => ({
      ...nothing,
      ...Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list[i % list.length]])),
    }))
    await expectRoundTrip({ store, tenantId }, table, rows)
  },

  'may be null where the column says so': async ({ store, make, tenantId }) => {
    const table = await make(everything)
    await expectRoundTrip({ store, tenantId }, table, [nothing])
  },
})

async function expectRoundTrip(
  { store, tenantId }: Pick<RowStoreContext, 'store' | 'tenantId'>,
  table: PhysicalTable,
  rows: readonly RowValues[],
): Promise<void> {
  const upserts: RowWrites['upserts'] = rows.map((row, id) => ({ tenantId, key: [id], values: { ...row, id }, position: 10, partition: 0 }))
  await store.write(table, upserting(...upserts))
  const loaded = await store.load(table, upserts)
  expect(loaded.map((row) => row?.values)).toEqual(upserts.map((row) => row.values))
  expect(loaded.map((row) => row?.key)).toEqual(upserts.map((row) => row.key))
}
