import { expect, test } from 'vitest'
import { RowPartitionError, StaleRowError } from '../errors/projections.ts'
import type { RowWrites } from '../ports/row-store.port.ts'
import { integer, text } from './columns/columns.ts'
import { InMemoryRowStore } from './in-memory-row-store.ts'
import { table } from './tables/table.ts'
import { toTableModel } from './tables/to-table-model.ts'

const counters = { name: 'counters__v1_g1', model: toTableModel('counters', table({ id: text(), n: integer() }, { key: 'id' })) }
const put = (id: string, n: number, position: number, partition = 0): RowWrites => ({
  upserts: [{ tenantId: 't', key: [id], values: { id, n }, position, partition }],
  deletes: [],
})
const remove = (id: string, position: number): RowWrites => ({
  upserts: [],
  deletes: [{ tenantId: 't', key: [id], position, partition: 0 }],
})
const key = { tenantId: 't', key: ['x'] }
const numbers = (store: InMemoryRowStore): readonly unknown[] => store.rows(counters.name).map(({ values }) => values['n'])

test('a transaction’s writes are seen by itself, and by others when it commits', async () => {
  const store = new InMemoryRowStore()
  await store.write(counters, put('x', 1, 1))
  const transaction = store.begin()
  await transaction.write(counters, put('x', 2, 2))
  await transaction.write(counters, put('y', 5, 2))
  expect(await transaction.load(counters, [key])).toMatchObject([{ values: { n: 2 } }])
  expect(numbers(store)).toEqual([1])
  transaction.commit()
  expect(numbers(store)).toEqual([2, 5])
})

test('one that does not commit leaves nothing', async () => {
  const store = new InMemoryRowStore()
  await store.begin().write(counters, put('x', 1, 1))
  expect(store.rows(counters.name)).toEqual([])
})

test('a row that somebody else changed meanwhile refuses the commit, whole', async () => {
  const store = new InMemoryRowStore()
  const transaction = store.begin()
  await transaction.write(counters, put('y', 1, 5))
  await transaction.write(counters, put('x', 1, 5))
  await store.write(counters, put('x', 9, 7))
  expect(() => transaction.commit()).toThrow(StaleRowError)
  expect(numbers(store)).toEqual([9])
})

test('a row that another partition made meanwhile refuses the commit', async () => {
  const store = new InMemoryRowStore()
  const transaction = store.begin()
  await transaction.write(counters, put('x', 1, 5))
  await store.write(counters, put('x', 9, 1, 3))
  expect(() => transaction.commit()).toThrow(RowPartitionError)
})

test('positions are not compared where the transaction says so', async () => {
  const store = new InMemoryRowStore()
  await store.write(counters, put('x', 1, 10))
  const transaction = store.begin({ comparePositions: false })
  await transaction.write(counters, put('x', 2, 4))
  transaction.commit()
  expect(numbers(store)).toEqual([2])
})

test('a row that was deleted and made again in one transaction is there', async () => {
  const store = new InMemoryRowStore()
  await store.write(counters, put('x', 1, 1))
  const transaction = store.begin()
  await transaction.write(counters, remove('x', 2))
  expect(await transaction.load(counters, [key])).toEqual([undefined])
  await transaction.write(counters, put('x', 3, 3))
  transaction.commit()
  expect(numbers(store)).toEqual([3])
})

test('what is given in later changes nothing that is stored', async () => {
  const store = new InMemoryRowStore()
  const values = { id: 'x', n: 1 }
  await store.write(counters, { upserts: [{ tenantId: 't', key: ['x'], values, position: 1, partition: 0 }], deletes: [] })
  values.n = 2
  expect(numbers(store)).toEqual([1])
  store.drop(counters.name)
  expect(numbers(store)).toEqual([])
})
