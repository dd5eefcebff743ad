import type { Generation } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import { counter, upserting } from '../row-store/given.ts'
import type { ProjectionStoreContext } from './context.ts'
import { fed, givenLive, tableOf, visibleCounts } from './given.ts'

async function hashOf({ store }: ProjectionStoreContext, generation: Generation, tenantId?: string): Promise<string> {
  const [digest] = await store.digest(generation, tenantId)
  return digest?.hash ?? ''
}

export const comparing = contractGroup<ProjectionStoreContext>('digest and replaceTenant', {
  'is the same for the same rows, in any order, at any position, in any partition': async (context) => {
    const [one, two] = [await context.store.create(context.plan()), await context.store.create(context.plan({ version: 2 }))]
    const { tenantId } = context
    await context.rows.write(tableOf(one), upserting(...['a', 'b', 'c'].map((id, i) => counter(tenantId, id, i, 10))))
    await context.rows.write(tableOf(two), upserting(...['c', 'a', 'b'].map((id, i) => counter(tenantId, id, (i + 2) % 3, 77, 3))))
    expect(await context.store.digest(two)).toEqual(await context.store.digest(one))
    expect(await context.store.digest(one)).toMatchObject([{ table: context.table, rows: 3 }])
  },

  'differs with every difference of a row': async (context) => {
    const { tenantId, otherTenantId } = context
    const row = counter(tenantId, 'a', 1, 10)
    const variants = [
      [],
      [row],
      [{ ...row, tenantId: otherTenantId }],
      [{ ...row, values: { ...row.values, count: 2 } }],
      [{ ...row, values: { ...row.values, note: '' } }],
      [{ ...row, values: { ...row.values, note: 'null' } }],
      [counter(tenantId, 'b', 1, 10)],
      [row, counter(tenantId, 'b', 1, 10)],
      [row, { ...row, tenantId: otherTenantId }],
    ]
    const hashes: string[] = []
    for (const [i, upserts] of variants.entries()) {
      const generation = await context.store.create(context.plan({ version: i + 1 }))
      await context.rows.write(tableOf(generation), upserting(...upserts))
      hashes.push(await hashOf(context, generation))
    }
    expect(new Set(hashes).size).toBe(variants.length)
  },

  'looks at one tenant’s rows where one is named': async (context) => {
    const { tenantId, otherTenantId } = context
    const [one, two] = [await context.store.create(context.plan()), await context.store.create(context.plan({ version: 2 }))]
    await fed(context, one, { a: 1 })
    await fed(context, two, { a: 1 })
    await fed(context, two, { a: 2 }, 11, otherTenantId)
    expect(await hashOf(context, one)).not.toBe(await hashOf(context, two))
    expect(await context.store.digest(two, tenantId)).toEqual(await context.store.digest(one, tenantId))
    expect(await context.store.digest(one, otherTenantId)).toMatchObject([{ rows: 0 }])
  },

  'replaces one tenant’s rows by those of a side build and leaves the others': async (context) => {
    const { tenantId, otherTenantId } = context
    const live = await givenLive(context, { a: 1, gone: 9 })
    await fed(context, live, { theirs: 7 }, 10, otherTenantId)
    const side = await context.store.create(context.plan({ tenantId }))
    await fed(context, side, { a: 2, fresh: 3 })
    expect(await context.store.replaceTenant(live, side, tenantId)).toEqual({ rows: 2 })
    expect(await visibleCounts(context)).toEqual({ a: 2, fresh: 3, theirs: 7 })
    expect(await context.store.digest(live, tenantId)).toEqual(await context.store.digest(side, tenantId))
  },

  'replaces nothing from what is no side build of the tenant': async (context) => {
    const { tenantId, otherTenantId } = context
    const live = await givenLive(context, { a: 1 })
    const plain = await context.store.create(context.plan())
    const theirs = await context.store.create(context.plan({ tenantId: otherTenantId }))
    for (const wrong of [plain, theirs]) {
      await fed(context, wrong, { a: 2 })
      await refusal('CAIRN_INVALID_INPUT', () => context.store.replaceTenant(live, wrong, tenantId))
    }
    expect(await visibleCounts(context)).toEqual({ a: 1 })
  },
})
