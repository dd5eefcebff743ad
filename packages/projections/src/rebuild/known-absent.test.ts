import { InMemoryRowStore, integer, table, text, toTableModel, type PhysicalTable, type RowKey } from '@cairn/core'
import { describe, expect, it } from 'vitest'
import { KnownAbsent } from './known-absent.ts'

const physical: PhysicalTable = { name: 'counts__v1_g1', model: toTableModel('counts', table({ id: text(), n: integer() }, { key: 'id' })) }
const keyOf = (id: string): RowKey => ({ tenantId: 'acme', key: [id] })

describe('rows that are known to be absent', () => {
  it('are not looked for, and those that were written are found', async () => {
    const store = new InMemoryRowStore()
    const looked: string[] = []
    const absent = new KnownAbsent()
    const reading = absent.around({
      load: (given, keys) => {
        looked.push(...keys.map(({ key }) => String(key[0])))
        return store.load(given, keys)
      },
    })
    expect(await reading.load(physical, [keyOf('a'), keyOf('b')])).toEqual([undefined, undefined])
    expect(looked).toEqual([])

    const written = { ...keyOf('a'), values: { id: 'a', n: 1 }, position: 1, partition: 0 }
    await absent.noting(store).write(physical, { upserts: [written], deletes: [] })
    const [first, second] = await reading.load(physical, [keyOf('b'), keyOf('a')])
    expect(first).toBeUndefined()
    expect(second?.values).toEqual({ id: 'a', n: 1 })
    expect(looked).toEqual(['a'])
  })

  it('forget nothing among many', async () => {
    const store = new InMemoryRowStore()
    const absent = new KnownAbsent()
    const upserts = Array.from({ length: 20_000 }, (_, i) => ({
      ...keyOf(`k${i}`),
      values: { id: `k${i}`, n: i },
      position: i + 1,
      partition: 0,
    }))
    await absent.noting(store).write(physical, { upserts, deletes: [] })
    const found = await absent.around(store).load(physical, upserts)
    expect(found.every((row, i) => row?.position === i + 1)).toBe(true)
  })

  it('are all looked for again once somebody else may have written', async () => {
    const store = new InMemoryRowStore()
    await store.write(physical, { upserts: [{ ...keyOf('a'), values: { id: 'a', n: 1 }, position: 1, partition: 0 }], deletes: [] })
    const absent = new KnownAbsent()
    absent.giveUp()
    expect((await absent.around(store).load(physical, [keyOf('a')]))[0]?.position).toBe(1)
  })
})
