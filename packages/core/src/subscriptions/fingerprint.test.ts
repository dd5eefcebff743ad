import { describe, expect, it } from 'vitest'
import type { TableModel } from '../read-models/table-model.ts'
import { fingerprintOf, type FingerprintParts } from './fingerprint.ts'

const column = (name: string) => ({ name, kind: 'text' as const, nullable: false, default: undefined })
const table: TableModel = {
  name: 'order_summary',
  columns: [column('id'), column('status')],
  key: ['id'],
  indexes: [],
  readAccess: undefined,
}
const base: FingerprintParts = { version: 1, types: ['order.a', 'order.b'], partitionBy: 'stream', partitions: 2, tables: [table] }

describe('fingerprintOf', () => {
  it('is 64 hex digits, and the same for what is the same', () => {
    expect(fingerprintOf(base)).toMatch(/^[0-9a-f]{64}$/)
    expect(fingerprintOf({ ...base, types: ['order.b', 'order.a', 'order.b'] })).toBe(fingerprintOf(base))
    expect(fingerprintOf({ ...base, tables: [{ ...table, columns: table.columns.toReversed() }] })).toBe(fingerprintOf(base))
  })

  it('leaves out what can change in place', () => {
    expect(fingerprintOf({ ...base, tables: [{ ...table, indexes: [['status']], readAccess: {} }] })).toBe(fingerprintOf(base))
  })

  it.each<[string, FingerprintParts]>([
    ['version', { ...base, version: 2 }],
    ['types', { ...base, types: ['order.a'] }],
    ['every type', { ...base, types: '*' }],
    ['partition key', { ...base, partitionBy: 'custom' }],
    ['partitions', { ...base, partitions: 3 }],
    ['a column', { ...base, tables: [{ ...table, columns: [column('id')] }] }],
    ['a column’s kind', { ...base, tables: [{ ...table, columns: [column('id'), { ...column('status'), kind: 'json' }] }] }],
    ['a key', { ...base, tables: [{ ...table, key: ['status'] }] }],
    ['no tables', { ...base, tables: [] }],
  ])('changes with %s', (_, changed) => {
    expect(fingerprintOf(changed)).not.toBe(fingerprintOf(base))
  })
})
