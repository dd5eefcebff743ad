import { integer, numeric, table, text, toTableModel, type TableModel } from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { describeChange, tableChanges } from './table-changes.ts'

const orders: TableModel = toTableModel('orders', table({ id: text(), total: integer(), legacy: text() }, { key: 'id' }))
const days: TableModel = toTableModel('days', table({ day: text() }, { key: 'day' }))

describe('the changes of tables between two versions', () => {
  it('names added, removed and retyped columns', () => {
    const next = toTableModel('orders', table({ id: text(), total: numeric(12, 2), note: text().nullable() }, { key: 'id' }))
    const [change] = tableChanges([orders], [next])
    expect(change).toEqual({
      table: 'orders',
      kind: 'kept',
      added: ['note'],
      removed: ['legacy'],
      retyped: [{ column: 'total', from: 'integer', to: 'numeric(12, 2)' }],
    })
    expect(change && describeChange(change)).toBe('+note, -legacy, total integer -> numeric(12, 2)')
  })

  it('names new and removed tables', () => {
    expect(tableChanges([orders], [days]).map(({ table: name, kind }) => ({ name, kind }))).toEqual([
      { name: 'days', kind: 'new' },
      { name: 'orders', kind: 'removed' },
    ])
  })

  it('says nothing of what stays as it is', () => {
    const [change] = tableChanges([orders], [orders])
    expect(change && describeChange(change)).toBe('')
  })
})
