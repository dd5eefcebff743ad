import type { RowKey } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { upTo } from '../observe.ts'
import type { RowStoreContext } from './context.ts'
import { counter, counterKey, deleting, removal, standing, upserting } from './given.ts'
import { compound, counters } from './models.ts'

export const writingRows = contractGroup<RowStoreContext>('write and load', {
  'stores rows and gives them back in the order asked for, undefined where there is none': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting(counter(tenantId, 'a', 1, 10), counter(tenantId, 'b', 2, 11)))
    const loaded = await store.load(table, [counterKey(tenantId, 'b'), counterKey(tenantId, 'none'), counterKey(tenantId, 'a')])
    expect(loaded).toMatchObject([
      { tenantId, key: ['b'], values: { id: 'b', count: 2, note: null }, position: 11 },
      undefined,
      { tenantId, key: ['a'], values: { id: 'a', count: 1, note: null }, position: 10 },
    ])
  },

  'loads nothing for no keys, and writes nothing for no rows': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting())
    expect(await store.load(table, [])).toEqual([])
    expect(await store.load(table, [counterKey(tenantId, 'a')])).toEqual([undefined])
  },

  'answers a key that is asked for twice twice': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting(counter(tenantId, 'a', 1, 10)))
    const loaded = await store.load(table, [counterKey(tenantId, 'a'), counterKey(tenantId, 'a')])
    expect(standing(loaded)).toEqual([
      { count: 1, position: 10 },
      { count: 1, position: 10 },
    ])
  },

  'replaces a row as a whole by a later one': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting({ ...counter(tenantId, 'a', 1, 10), values: { id: 'a', count: 1, note: 'first' } }))
    await store.write(table, upserting(counter(tenantId, 'a', 2, 12)))
    expect(await store.load(table, [counterKey(tenantId, 'a')])).toMatchObject([
      { values: { id: 'a', count: 2, note: null }, position: 12 },
    ])
  },

  'deletes, and passes over what is not there': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting(counter(tenantId, 'a', 1, 10), counter(tenantId, 'b', 2, 10)))
    await store.write(table, deleting(removal(tenantId, 'a', 11), removal(tenantId, 'never', 11)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'a'), counterKey(tenantId, 'b')]))).toEqual([
      undefined,
      { count: 2, position: 10 },
    ])
  },

  'takes upserts and deletes in one call, and a deleted row anew': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting(counter(tenantId, 'a', 1, 10)))
    await store.write(table, { upserts: [counter(tenantId, 'b', 2, 11)], deletes: [removal(tenantId, 'a', 11)] })
    await store.write(table, upserting(counter(tenantId, 'a', 3, 12)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'a'), counterKey(tenantId, 'b')]))).toEqual([
      { count: 3, position: 12 },
      { count: 2, position: 11 },
    ])
  },

  'keeps the tenants’ rows of one key apart': async ({ store, make, tenantId, otherTenantId }) => {
    const table = await make(counters)
    await store.write(table, upserting(counter(tenantId, 'a', 1, 10), counter(otherTenantId, 'a', 2, 11)))
    await store.write(table, deleting(removal(tenantId, 'a', 12)))
    expect(standing(await store.load(table, [counterKey(tenantId, 'a'), counterKey(otherTenantId, 'a')]))).toEqual([
      undefined,
      { count: 2, position: 11 },
    ])
  },

  'keeps tables apart': async ({ store, make, tenantId }) => {
    const [one, two] = [await make(counters), await make(counters)]
    await store.write(one, upserting(counter(tenantId, 'a', 1, 10)))
    await store.write(two, upserting(counter(tenantId, 'a', 2, 11)))
    expect(standing(await store.load(one, [counterKey(tenantId, 'a')]))).toEqual([{ count: 1, position: 10 }])
  },

  'tells rows apart by every part of their key': async ({ store, make, tenantId }) => {
    const table = await make(compound)
    const keys = [
      ['2026-01-01', 'north', 1, true],
      ['2026-01-01', 'north', 1, false],
      ['2026-01-01', 'north', 2, true],
      ['2026-01-01', 'south', 1, true],
      ['2026-01-02', 'north', 1, true],
    ] as const
    const rows = keys.map(([day, region, slot, open], i) => ({
      tenantId,
      key: [day, region, slot, open],
      values: { day, region, slot, open, count: i },
      position: 10,
      partition: 0,
    }))
    await store.write(table, upserting(...rows))
    const loaded = await store.load(table, rows.toReversed())
    expect(loaded).toMatchObject(rows.toReversed().map(({ key, values }) => ({ key, values })))
  },

  'takes more rows than fit into one statement': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    const ids = upTo(12_345).map((n) => `row-${n}`)
    await store.write(table, upserting(...ids.map((id, i) => counter(tenantId, id, i, 10))))
    await store.write(table, {
      upserts: ids.slice(6_000).map((id, i) => counter(tenantId, id, 6_000 - i, 11)),
      deletes: ids.slice(0, 6_000).map((id) => removal(tenantId, id, 11)),
    })
    const keys: readonly RowKey[] = ids.map((id) => counterKey(tenantId, id))
    expect(standing(await store.load(table, keys))).toEqual(
      ids.map((_, i) => (i < 6_000 ? undefined : { count: 12_000 - i, position: 11 })),
    )
  },

  'takes ids with every kind of character': async ({ store, make, tenantId }) => {
    const table = await make(counters)
    const ids = [
      '',
      ' ',
      '"',
      String.raw`\ "quoted\" {a,b}`,
      'null',
      'NULL',
      '{}',
      ',',
      "it's",
      'line\nbreak\ttab',
      'Ünïcode ✓ 🜁',
      '%_',
      '$1',
    ]
    await store.write(table, upserting(...ids.map((id, i) => counter(tenantId, id, i, 10))))
    const loaded = await store.load(
      table,
      ids.map((id) => counterKey(tenantId, id)),
    )
    expect(loaded.map((row) => row?.values)).toEqual(ids.map((id, i) => ({ id, count: i, note: null })))
  },
})
