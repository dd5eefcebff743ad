import { InMemoryRowStore, RowMissingError, toTableModel, type PhysicalTable } from '@cairn/core'
import { expect, test } from 'vitest'
import { createUpdaterFor, integer, table, text } from '../index.ts'

const counters: PhysicalTable = {
  name: 'counters__v1_g1',
  model: toTableModel('counters', table({ id: text(), n: integer(), note: text().nullable() }, { key: 'id' })),
}

function given() {
  const rows = new InMemoryRowStore()
  return {
    at: (position: number, tenantId = 't') => createUpdaterFor(counters, { rows, tenantId, position }),
    values: () => rows.rows(counters.name).map(({ tenantId, values }) => ({ tenantId, ...values })),
  }
}

test('sets, changes, adds, reads and deletes rows of a tenant', async () => {
  const { at, values } = given()
  const first = at(1)
  first.upsert({ id: 'a', n: 1 })
  first.upsert({ id: 'b', n: 1 })
  first.increment('c', { n: 5 })
  expect(await first.get('c')).toMatchObject({ n: 5 })
  expect(await first.flush()).toEqual({ written: 3, skipped: 0 })
  const second = at(2)
  second.patch('a', { note: 'hello' })
  second.delete('b')
  second.update('c', (row) => ({ n: Number(row?.['n']) * 2 }))
  await second.flush()
  expect(values()).toEqual([
    { tenantId: 't', id: 'a', n: 1, note: 'hello' },
    { tenantId: 't', id: 'c', n: 10, note: null },
  ])
  expect(await at(3, 'other').get('a')).toBeUndefined()
})

test('the same event again, or an older one, changes nothing', async () => {
  const { at, values } = given()
  for (const position of [7, 7, 3]) {
    const updater = at(position)
    updater.increment('a', { n: 1 })
    await updater.flush()
  }
  expect(values()).toEqual([{ tenantId: 't', id: 'a', n: 1, note: null }])
  const later = at(8)
  later.increment('a', { n: 1 })
  later.increment('b', { n: 1 })
  expect(await later.flush()).toEqual({ written: 2, skipped: 0 })
  later.increment('a', { n: 1 })
  expect(await later.flush()).toEqual({ written: 0, skipped: 1 })
})

test('a patch of a missing row fails the flush, and nothing of it is kept', async () => {
  const { at, values } = given()
  const updater = at(1)
  updater.upsert({ id: 'a', n: 1 })
  updater.patch('missing', { note: 'n' })
  await expect(updater.flush()).rejects.toThrow(RowMissingError)
  expect(await updater.flush()).toEqual({ written: 0, skipped: 0 })
  expect(values()).toEqual([])
})
