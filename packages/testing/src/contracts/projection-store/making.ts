import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { ProjectionStoreContext } from './context.ts'
import { fed, givenLive, statesOf, tableOf, visibleCounts } from './given.ts'

export const makingGenerations = contractGroup<ProjectionStoreContext>('create and drop', {
  'makes tables, and a subscription that rebuilds; nothing is visible yet': async (context) => {
    const { store, plan, projection, table } = context
    const made = await store.create(plan({ version: 3 }))
    expect(made).toMatchObject({
      projection,
      generation: 1,
      version: 3,
      fingerprint: plan().fingerprint,
      inline: false,
      state: 'building',
      switchedAt: undefined,
    })
    expect(made.createdAt).toBeInstanceOf(Date)
    expect(made.tables).toEqual([{ name: `${table}__v3_g1`, model: plan().tables[0] }])
    expect(await context.feeding(made)).toEqual(['rebuilding'])
    expect(await context.visible(table)).toBeUndefined()
    expect(await store.generations(projection)).toEqual([made])
  },

  'finds the build of the same plan again': async ({ store, plan, projection }) => {
    const made = await store.create(plan())
    expect(await store.create(plan())).toEqual(made)
    expect(await store.generations(projection)).toHaveLength(1)
  },

  'makes another for another plan, each with a number of its own': async ({ store, plan, projection }) => {
    const plans = [
      plan(),
      plan({ version: 2 }),
      plan({ fingerprint: 'e'.repeat(64) }),
      plan({ inline: true }),
      plan({ tenantId: 'one' }),
      plan({ tenantId: 'two' }),
    ]
    const numbers: number[] = []
    for (const one of plans) numbers.push((await store.create(one)).generation)
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6])
    const made = await store.generations(projection)
    expect(made.map(({ tenantId }) => tenantId)).toEqual([undefined, undefined, undefined, undefined, 'one', 'two'])
    expect(made.map(({ inline }) => inline)).toEqual([false, false, false, true, false, false])
  },

  'makes a new one where the plan’s build is live already: a rebuild': async (context) => {
    const live = await givenLive(context, { a: 1 })
    const again = await context.store.create(context.plan())
    expect(again.generation).toBe(live.generation + 1)
    expect(again.state).toBe('building')
  },

  'makes one of many callers’ at once, the first time and later': async ({ store, rival, plan, projection }) => {
    for (const round of [1, 2]) {
      const made = await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? store : rival).create(plan())))
      expect(made.map(({ generation }) => generation)).toEqual(made.map(() => round))
      expect(await store.generations(projection)).toHaveLength(1)
      for (const generation of made.slice(0, 1)) await store.drop(generation)
    }
  },

  'refuses to build an older version than the live one': async (context) => {
    await givenLive(context, { a: 1 }, { version: 3 })
    const error = await refusal('CAIRN_SUBSCRIPTION_VERSION', () => context.store.create(context.plan({ version: 2 })))
    expect(error.details).toMatchObject({ version: 2, stored: 3 })
    expect(await statesOf(context)).toEqual({ 1: 'live' })
  },

  'has one partition state for each partition': async ({ store, plan, feeding }) => {
    expect(await feeding(await store.create(plan({ partitions: 4 })))).toEqual(Array.from({ length: 4 }, () => 'rebuilding'))
  },

  'lists generations of all projections, ascending': async ({ store, plan, projection }) => {
    await store.create(plan())
    await store.create(plan({ version: 2 }))
    const all = await store.generations()
    expect(all.filter((one) => one.projection === projection).map(({ generation }) => generation)).toEqual([1, 2])
    expect(all.map((one) => one.projection)).toEqual(all.map((one) => one.projection).toSorted())
  },

  'drops tables and subscription, and never gives the number again': async (context) => {
    const { store, plan, projection, feeding } = context
    const made = await store.create(plan())
    await store.drop(made)
    expect(await store.generations(projection)).toEqual([])
    expect(await feeding(made)).toEqual([])
    expect((await store.create(plan())).generation).toBe(2)
  },

  'drops what is gone without complaint': async ({ store, plan }) => {
    const made = await store.create(plan())
    await store.drop(made)
    await store.drop(made)
  },

  'never drops the live one': async (context) => {
    const live = await givenLive(context, { a: 1 })
    await refusal('CAIRN_INVALID_INPUT', () => context.store.drop(live))
    // As it was read before the switch, too.
    expect(live.state).toBe('building')
    expect(await visibleCounts(context)).toEqual({ a: 1 })
    expect(await statesOf(context)).toEqual({ 1: 'live' })
  },

  'empties a paused generation, and no other': async (context) => {
    const live = await givenLive(context, { a: 1 })
    await refusal('CAIRN_ILLEGAL_STATE', () => context.store.clear(live))
    expect(await visibleCounts(context)).toEqual({ a: 1 })
  },

  'keeps the rows of two builds apart': async (context) => {
    const one = await context.store.create(context.plan())
    const two = await context.store.create(context.plan({ version: 2 }))
    await fed(context, one, { a: 1 })
    expect(tableOf(one).name).not.toBe(tableOf(two).name)
    expect(await context.store.digest(two)).toMatchObject([{ rows: 0 }])
    expect(await context.store.digest(one)).toMatchObject([{ rows: 1 }])
  },
})
