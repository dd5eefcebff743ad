import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import { column } from '../row-store/models.ts'
import type { ProjectionStoreContext } from './context.ts'
import { fed, givenLive, statesOf, visibleCounts } from './given.ts'

export const switching = contractGroup<ProjectionStoreContext>('switchTo and rollback', {
  'makes the first generation visible': async (context) => {
    const live = await givenLive(context, { a: 1, b: 2 })
    expect(await visibleCounts(context)).toEqual({ a: 1, b: 2 })
    const [stored] = await context.store.generations(context.projection)
    expect(stored).toMatchObject({ generation: live.generation, state: 'live' })
    expect(stored?.switchedAt).toBeInstanceOf(Date)
    expect(await context.feeding(live)).toEqual(['catching-up'])
  },

  'shows the new one and keeps the old one, which is still fed': async (context) => {
    const old = await givenLive(context, { a: 1 })
    const next = await context.store.create(context.plan({ version: 2 }))
    await fed(context, next, { a: 10, c: 3 })
    await context.store.switchTo(next)
    expect(await visibleCounts(context)).toEqual({ a: 10, c: 3 })
    expect(await statesOf(context)).toEqual({ 1: 'previous', 2: 'live' })
    expect(await context.feeding(old)).toEqual(['catching-up'])
    expect(await context.feeding(next)).toEqual(['catching-up'])
  },

  'refuses one that is behind, and says by how much': async (context) => {
    const old = await givenLive(context, { a: 1 })
    await context.moveTo(old, 25)
    const next = await context.store.create(context.plan({ version: 2 }))
    await fed(context, next, { a: 10 }, 20)
    const error = await refusal('CAIRN_NOT_CAUGHT_UP', () => context.store.switchTo(next))
    expect(error.details).toMatchObject({ generation: 2, behind: 5 })
    expect(error.retryable).toBe(true)
    expect(await visibleCounts(context)).toEqual({ a: 1 })
    expect(await statesOf(context)).toEqual({ 1: 'live', 2: 'building' })
    await context.moveTo(next, 25)
    await context.store.switchTo(next)
    expect(await visibleCounts(context)).toEqual({ a: 10 })
  },

  'waits a moment for one that is being fed': async (context) => {
    const old = await givenLive(context, { a: 1 })
    await context.moveTo(old, 25)
    const next = await context.store.create(context.plan({ version: 2 }))
    await fed(context, next, { a: 10 }, 20)
    const switched = context.store.switchTo(next)
    await context.moveTo(next, 25)
    await switched
    expect(await statesOf(context)).toEqual({ 1: 'previous', 2: 'live' })
  },

  'leaves a live one as it is': async (context) => {
    const live = await givenLive(context, { a: 1 })
    const before = await context.store.generations(context.projection)
    await context.store.switchTo(live)
    expect(await context.store.generations(context.projection)).toEqual(before)
  },

  'refuses an older version than the live one, which a rollback still reaches': async (context) => {
    await givenLive(context, { a: 1 })
    const older = await context.store.create(context.plan())
    await fed(context, older, { a: 2 })
    await givenLive(context, { a: 3 }, { version: 2 })
    const error = await refusal('CAIRN_SUBSCRIPTION_VERSION', () => context.store.switchTo(older))
    expect(error.details).toMatchObject({ version: 1, stored: 2 })
    expect(await visibleCounts(context)).toEqual({ a: 3 })
    expect(await statesOf(context)).toEqual({ 1: 'previous', 2: 'building', 3: 'live' })
    await context.store.rollback(context.projection)
    expect(await visibleCounts(context)).toEqual({ a: 1 })
    await context.store.switchTo(older)
    expect(await visibleCounts(context)).toEqual({ a: 2 })
  },

  'retires what was previous before': async (context) => {
    const first = await givenLive(context, { a: 1 })
    await givenLive(context, { a: 2 }, { version: 2 })
    await givenLive(context, { a: 3 }, { version: 3 })
    expect(await statesOf(context)).toEqual({ 1: 'retired', 2: 'previous', 3: 'live' })
    expect(await context.feeding(first)).toEqual(['retired'])
    expect(await visibleCounts(context)).toEqual({ a: 3 })
  },

  'lets one of several switches at once through, and the others after it': async (context) => {
    await givenLive(context, { a: 1 })
    const next = await context.store.create(context.plan({ version: 2 }))
    await fed(context, next, { a: 2 })
    await Promise.all([context.store, context.rival, context.store, context.rival].map((store) => store.switchTo(next)))
    expect(await statesOf(context)).toEqual({ 1: 'previous', 2: 'live' })
    expect(await visibleCounts(context)).toEqual({ a: 2 })
  },

  'never shows a side build': async (context) => {
    await givenLive(context, { a: 1 })
    const side = await context.store.create(context.plan({ tenantId: context.tenantId }))
    await fed(context, side, { a: 2 })
    await refusal('CAIRN_INVALID_INPUT', () => context.store.switchTo(side))
    expect(await visibleCounts(context)).toEqual({ a: 1 })
  },

  'refuses a generation that was dropped': async (context) => {
    const made = await context.store.create(context.plan())
    await context.store.drop(made)
    await refusal('CAIRN_INVALID_INPUT', () => context.store.switchTo(made))
  },

  'shows other columns, more tables and fewer': async (context) => {
    const { table, plan, store, visible } = context
    await givenLive(context, { a: 1 })
    const [model] = plan().tables
    if (model === undefined) return
    const columns = [...model.columns.filter(({ name }) => name !== 'note'), column('extra', 'boolean', { default: false })]
    const next = await store.create(
      plan({
        version: 2,
        tables: [
          { ...model, columns },
          { ...model, name: `${table}_more` },
        ],
      }),
    )
    await context.rows.write(next.tables[0] ?? { name: '', model }, {
      upserts: [{ tenantId: context.tenantId, key: ['a'], values: { id: 'a', count: 5, extra: true }, position: 10, partition: 0 }],
      deletes: [],
    })
    await context.moveTo(next, 10)
    await store.switchTo(next)
    const [row] = (await visible(table)) ?? []
    expect(row).toMatchObject({ id: 'a', count: 5, extra: true })
    expect(row).not.toHaveProperty('note')
    expect(await visible(`${table}_more`)).toEqual([])
    await store.rollback(context.projection)
    expect((await visible(table))?.[0]).toMatchObject({ id: 'a', count: 1, note: null })
    expect(await visible(`${table}_more`)).toBeUndefined()
  },

  'rolls back to the previous one, and forward again': async (context) => {
    await givenLive(context, { a: 1 })
    await givenLive(context, { a: 2 }, { version: 2 })
    expect(await context.store.rollback(context.projection)).toMatchObject({ generation: 1, version: 1, state: 'live' })
    expect(await visibleCounts(context)).toEqual({ a: 1 })
    expect(await statesOf(context)).toEqual({ 1: 'live', 2: 'previous' })
    expect(await context.store.rollback(context.projection)).toMatchObject({ generation: 2 })
    expect(await visibleCounts(context)).toEqual({ a: 2 })
  },

  'rolls back even to one that is behind': async (context) => {
    await givenLive(context, { a: 1 })
    const next = await givenLive(context, { a: 2 }, { version: 2 })
    await context.moveTo(next, 50)
    await context.store.rollback(context.projection)
    expect(await visibleCounts(context)).toEqual({ a: 1 })
  },

  'has nothing to roll back to at first': async (context) => {
    await refusal('CAIRN_NOTHING_TO_ROLL_BACK', () => context.store.rollback(context.projection))
    await givenLive(context, { a: 1 })
    const error = await refusal('CAIRN_NOTHING_TO_ROLL_BACK', () => context.store.rollback(context.projection))
    expect(error.details).toMatchObject({ projection: context.projection })
    expect(await visibleCounts(context)).toEqual({ a: 1 })
  },
})
