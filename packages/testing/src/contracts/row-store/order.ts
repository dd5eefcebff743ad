import type { RowStorePort, PhysicalTable, RowWrites } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { RowStoreContext } from './context.ts'
import { counter, counterKey, deleting, removal, standing, upserting } from './given.ts'
import { counters } from './models.ts'

const stale = 'CAIRN_STALE_ROW'
const foreign = 'CAIRN_ROW_PARTITION'

/** Rows a, b and c at position 10, of partition 0. */
async function givenRows({ store, make, tenantId }: RowStoreContext): Promise<PhysicalTable> {
  const table = await make(counters)
  await store.write(table, upserting(...['a', 'b', 'c'].map((id) => counter(tenantId, id, 1, 10))))
  return table
}

async function expectUnchanged({ store, tenantId }: RowStoreContext, table: PhysicalTable): Promise<void> {
  const loaded = await store.load(
    table,
    ['a', 'b', 'c', 'd'].map((id) => counterKey(tenantId, id)),
  )
  expect(standing(loaded)).toEqual([...Array.from({ length: 3 }, () => ({ count: 1, position: 10 })), undefined])
}

function refused(code: string, store: RowStorePort, table: PhysicalTable, writes: RowWrites) {
  return refusal(code, () => store.write(table, writes))
}

export const rowOrder = contractGroup<RowStoreContext>('positions and partitions', {
  'refuses an upsert at or below the row’s position, and writes none of the call’s rows': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    for (const position of [10, 9, 1]) {
      const error = await refused(
        stale,
        store,
        table,
        upserting(counter(tenantId, 'd', 2, 11), counter(tenantId, 'a', 2, position), counter(tenantId, 'b', 2, 11)),
      )
      expect(error.details).toMatchObject({ rows: 1, position })
      await expectUnchanged(context, table)
    }
  },

  'refuses a delete at or below the row’s position': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    for (const position of [10, 9]) {
      const error = await refused(stale, store, table, deleting(removal(tenantId, 'a', 11), removal(tenantId, 'b', position)))
      expect(error.details).toMatchObject({ rows: 1, position })
      await expectUnchanged(context, table)
    }
  },

  'counts the rows that are ahead': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    const writes = ['a', 'b', 'c'].map((id, i) => counter(tenantId, id, 2, 9 + i))
    const error = await refused(stale, store, table, upserting(...writes))
    expect(error.details).toMatchObject({ rows: 2, position: 9 })
    await expectUnchanged(context, table)
  },

  'refuses a write to a row of another partition, later or not': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    for (const position of [9, 10, 11]) {
      const upsert = await refused(
        foreign,
        store,
        table,
        upserting(counter(tenantId, 'a', 2, position, 1), counter(tenantId, 'd', 2, 11, 1)),
      )
      expect(upsert.details).toMatchObject({ rows: 1, partition: 1 })
      await expectUnchanged(context, table)
      const remove = await refused(foreign, store, table, deleting(removal(tenantId, 'b', position, 1)))
      expect(remove.details).toMatchObject({ rows: 1, partition: 1 })
      await expectUnchanged(context, table)
    }
  },

  'takes fresh rows as they are, and refuses one that is there after all, later or not': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    for (const position of [9, 10, 11]) {
      const writes = upserting({ ...counter(tenantId, 'd', 2, 11), fresh: true }, { ...counter(tenantId, 'b', 2, position), fresh: true })
      await refused(stale, store, table, writes)
      await expectUnchanged(context, table)
    }
    await store.write(table, upserting({ ...counter(tenantId, 'd', 2, 11), fresh: true }, counter(tenantId, 'a', 3, 11)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'd'), counterKey(tenantId, 'a')]))).toEqual([
      { count: 2, position: 11 },
      { count: 3, position: 11 },
    ])
    await store.write(table, upserting(counter(tenantId, 'd', 4, 12)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'd')]))).toEqual([{ count: 4, position: 12 }])
  },

  'lets a deleted row come back in another partition': async (context) => {
    const { store, tenantId } = context
    const table = await givenRows(context)
    await store.write(table, deleting(removal(tenantId, 'a', 11)))
    await store.write(table, upserting(counter(tenantId, 'a', 5, 12, 3)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'a')]))).toEqual([{ count: 5, position: 12 }])
  },

  'compares positions as numbers, however large': async (context) => {
    const { store, tenantId, make } = context
    const table = await make(counters)
    const high = 9_000_000_000_000
    await store.write(table, upserting(counter(tenantId, 'a', 1, high)))
    await refused(stale, store, table, upserting(counter(tenantId, 'a', 2, high - 1)))
    await store.write(table, upserting(counter(tenantId, 'a', 3, high + 1)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'a')]))).toEqual([{ count: 3, position: high + 1 }])
  },
})
