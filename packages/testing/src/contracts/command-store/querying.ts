import { uuidv7, type CommandQuery, type StoredCommand } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, givenPending, idsOf } from './given.ts'

export const queryingCommands = contractGroup<CommandStoreContext>('query', {
  'gives the tenant’s commands ascending by id': async ({ store, tenantId }) => {
    const commands = Array.from({ length: 5 }, () => commandIn(tenantId))
    for (const command of commands.toReversed()) await store.upsert(command)
    expect(idsOf(await store.query({ tenantId }))).toEqual(commands.map((command) => command.id))
    expect(await store.query({ tenantId: uuidv7() })).toEqual([])
  },

  'goes on behind an id, page by page': async (context) => {
    const { store, tenantId } = context
    const stored = await givenPending(context, 7)
    for (const limit of [1, 3, 6, 7, 8]) {
      const found: StoredCommand[] = []
      for (let page = await store.query({ tenantId, limit }); page.length > 0;) {
        expect(page.length).toBeLessThanOrEqual(limit)
        found.push(...page)
        expect(found.length).toBeLessThanOrEqual(stored.length)
        page = await store.query({ tenantId, limit, after: page.at(-1)?.command.id ?? '' })
      }
      expect(found).toEqual(stored)
    }
  },

  'goes on behind an id that is not stored, in any case': async (context) => {
    const { store, tenantId } = context
    const [first] = await givenPending(context, 1)
    const between = uuidv7()
    const [second] = await givenPending(context, 1)
    expect(await store.query({ tenantId, after: between })).toEqual([second])
    expect(await store.query({ tenantId, after: between.toUpperCase() })).toEqual([second])
    expect(await store.query({ tenantId, after: '00000000-0000-0000-0000-000000000000' })).toEqual([first, second])
  },

  'finds by status, type and target, joined by AND': async ({ store, tenantId }) => {
    const put = async (letter: string, type: string, aggregateType: string, aggregateId: string): Promise<string> => {
      return (await store.upsert(commandIn(tenantId, { type, aggregateType, aggregateId, payload: letter }))).command.id
    }
    await put('a', 'order.create', 'order', 'o-1')
    const b = await put('b', 'order.cancel', 'order', 'o-1')
    await put('c', 'order.create', 'order', 'o-2')
    const d = await put('d', 'invoice.create', 'invoice', 'o-1')
    await store.markStatus(tenantId, b, changeTo.processed)
    await store.markStatus(tenantId, d, changeTo.consumed)
    const find = async (filter: Omit<CommandQuery, 'tenantId'>): Promise<readonly unknown[]> => {
      return (await store.query({ tenantId, ...filter })).map(({ command }) => command.payload)
    }
    expect(await find({})).toEqual(['a', 'b', 'c', 'd'])
    expect(await find({ status: 'pending' })).toEqual(['a', 'c'])
    expect(await find({ status: 'processed' })).toEqual(['b'])
    expect(await find({ status: 'failed' })).toEqual([])
    expect(await find({ type: 'order.create' })).toEqual(['a', 'c'])
    expect(await find({ aggregateType: 'order' })).toEqual(['a', 'b', 'c'])
    expect(await find({ aggregateId: 'o-1' })).toEqual(['a', 'b', 'd'])
    expect(await find({ aggregateType: 'order', aggregateId: 'o-1' })).toEqual(['a', 'b'])
    expect(await find({ aggregateId: 'o-1', status: 'consumed', type: 'invoice.create' })).toEqual(['d'])
    expect(await find({ aggregateId: 'o-2', status: 'consumed' })).toEqual([])
    expect(await find({ type: 'order.create', limit: 1 })).toEqual(['a'])
  },

  'gives 100 commands where no limit is named, and refuses limits outside 1..1,000': async (context) => {
    const { store, tenantId } = context
    await Promise.all(Array.from({ length: 101 }, () => store.upsert(commandIn(tenantId))))
    expect(await store.query({ tenantId })).toHaveLength(100)
    expect(await store.query({ tenantId, limit: 1_000 })).toHaveLength(101)
    for (const limit of [0, -1, 1_001, 1.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => store.query({ tenantId, limit }))
  },
})
