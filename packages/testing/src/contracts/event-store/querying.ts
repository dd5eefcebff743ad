import { uuidv7, type EventFilter, type RecordedEvent } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, givenStream, streamIn } from './given.ts'
import { givenThreeTimes } from './given-three-times.ts'
import { typesOf } from './observe.ts'

type Found = (filter: Omit<EventFilter, 'tenantId'>) => Promise<readonly unknown[]>

/** Eight events, each with another mix of filterable fields; `find` gives the letters of those that a filter finds. */
async function givenMixedEvents({ store, tenantId }: EventStoreContext): Promise<{ readonly find: Found; readonly correlationId: string }> {
  const correlationId = uuidv7()
  const order = streamIn(tenantId, 'o-1')
  const otherOrder = streamIn(tenantId, 'o-2')
  const invoice = streamIn(tenantId, 'o-1', 'invoice')
  const put = async (stream: typeof order, letter: string, type: string, metadata: Parameters<typeof eventOf>[2]): Promise<void> => {
    await store.append({ stream, expected: 'any', events: [eventOf(type, letter, metadata)] })
  }
  await put(order, 'a', 'order.created', { correlationId, userId: 'ann', workflowId: 'w-1', projectId: 'p-1' })
  await put(order, 'b', 'order.ready', { correlationId, userId: 'bob', workflowId: 'w-1' })
  await put(order, 'c', 'order.ready', { userId: 'ann', workflowId: 'w-2', projectId: 'p-1' })
  await put(otherOrder, 'd', 'order.created', { correlationId, userId: 'ann', projectId: 'p-2' })
  await put(otherOrder, 'e', 'order.ready', {})
  await put(invoice, 'f', 'invoice.created', { correlationId, userId: 'bob', workflowId: 'w-1', projectId: 'p-1' })
  await put(invoice, 'g', 'invoice.paid', { userId: 'ann', projectId: 'p-1' })
  await put(invoice, 'h', 'order.ready', { userId: 'cem' })
  return { correlationId, find: async (filter) => (await store.query({ tenantId, ...filter })).events.map((event) => event.payload) }
}

export const querying = contractGroup<EventStoreContext>('query', {
  'gives all events of the tenant, oldest first, where only the tenant is named': async (context) => {
    const { find } = await givenMixedEvents(context)
    expect(await find({})).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
  },

  'finds by each field alone': async (context) => {
    const { find, correlationId } = await givenMixedEvents(context)
    expect(await find({ types: ['order.created'] })).toEqual(['a', 'd'])
    expect(await find({ types: ['order.created', 'invoice.paid'] })).toEqual(['a', 'd', 'g'])
    expect(await find({ aggregateType: 'invoice' })).toEqual(['f', 'g', 'h'])
    expect(await find({ aggregateId: 'o-1' })).toEqual(['a', 'b', 'c', 'f', 'g', 'h'])
    expect(await find({ correlationId })).toEqual(['a', 'b', 'd', 'f'])
    expect(await find({ workflowId: 'w-1' })).toEqual(['a', 'b', 'f'])
    expect(await find({ userId: 'ann' })).toEqual(['a', 'c', 'd', 'g'])
    expect(await find({ projectId: 'p-1' })).toEqual(['a', 'c', 'f', 'g'])
  },

  'joins filters by AND': async (context) => {
    const { find, correlationId } = await givenMixedEvents(context)
    expect(await find({ aggregateType: 'order', aggregateId: 'o-1' })).toEqual(['a', 'b', 'c'])
    expect(await find({ types: ['order.ready'], aggregateType: 'order' })).toEqual(['b', 'c', 'e'])
    expect(await find({ userId: 'ann', projectId: 'p-1' })).toEqual(['a', 'c', 'g'])
    expect(await find({ correlationId, workflowId: 'w-1', userId: 'bob' })).toEqual(['b', 'f'])
    expect(await find({ correlationId, workflowId: 'w-1', userId: 'bob', aggregateType: 'invoice', projectId: 'p-1' })).toEqual(['f'])
    expect(await find({ userId: 'ann', workflowId: 'w-3' })).toEqual([])
  },

  'finds nothing for values that no event has': async (context) => {
    const { find } = await givenMixedEvents(context)
    for (const filter of [
      { types: [] },
      { types: ['order.Created'] },
      { aggregateType: '' },
      { aggregateId: 'O-1' },
      { correlationId: uuidv7() },
      { workflowId: '%' },
      { userId: "ann' or '1'='1" },
      { projectId: 'p-' },
    ]) {
      expect(await find(filter)).toEqual([])
    }
  },

  'finds by time, `from` included and `to` not': async (context) => {
    const { store, tenantId } = context
    const { times } = await givenThreeTimes(context)
    const find = async (filter: { from?: Date; to?: Date }): Promise<readonly string[]> => {
      return typesOf((await store.query({ tenantId, ...filter })).events)
    }
    expect(await find({ from: times[1] })).toEqual(['order.second', 'order.third'])
    expect(await find({ to: times[1] })).toEqual(['order.first'])
    expect(await find({ from: times[1], to: times[2] })).toEqual(['order.second'])
    expect(await find({ from: times[0], to: times[0] })).toEqual([])
    expect(await find({ from: new Date(times[2].getTime() + 1) })).toEqual([])
    expect(await find({ from: times[0], to: new Date(times[2].getTime() + 1) })).toEqual(['order.first', 'order.second', 'order.third'])
  },

  'refuses times that are none': async (context) => {
    await givenStream(context, 1)
    for (const field of ['from', 'to'] as const) {
      const query = context.store.query({ tenantId: context.tenantId, [field]: new Date(Number.NaN) })
      expect((await refusal('CAIRN_INVALID_INPUT', query)).details).toMatchObject({ field })
    }
  },

  'pages forward behind a cursor': async (context) => {
    await givenStream(context, 7)
    const whole = (await context.store.query({ tenantId: context.tenantId })).events
    for (const limit of [1, 3, 6, 7, 8]) expect(await allPages(context, limit, 'oldest-first')).toEqual(whole)
  },

  'pages backward, newest first': async (context) => {
    await givenStream(context, 7)
    const whole = (await context.store.query({ tenantId: context.tenantId })).events
    for (const limit of [1, 3, 6, 7, 8]) expect(await allPages(context, limit, 'newest-first')).toEqual(whole.toReversed())
  },

  'says on the last page that it is the last, a full one included': async (context) => {
    const { store, tenantId } = context
    const { result } = await givenStream(context, 4)
    const first = await store.query({ tenantId }, { limit: 2 })
    expect(first.next).toBe(result.events[1]?.position)
    expect(await store.query({ tenantId }, { limit: 2, cursor: first.next ?? 0 })).toEqual({
      events: result.events.slice(2),
      next: undefined,
    })
    expect((await store.query({ tenantId }, { limit: 4 })).next).toBeUndefined()
    expect((await store.query({ tenantId }, { limit: 4, order: 'newest-first' })).next).toBeUndefined()
    expect((await store.query({ tenantId: context.otherTenantId })).next).toBeUndefined()
  },

  'pages through a filtered result': async (context) => {
    const { store, tenantId } = context
    const events = upTo(20).map((n) => eventOf(n % 2 === 0 ? 'order.even' : 'order.odd', { n }, { userId: n % 3 === 0 ? 'ann' : 'bob' }))
    await store.append({ stream: streamIn(tenantId), expected: 0, events })
    const filter = { types: ['order.even'], userId: 'bob' }
    const forward = await allPages(context, 3, 'oldest-first', filter)
    expect(forward.map((event) => event.version)).toEqual([2, 4, 8, 10, 14, 16, 20])
    expect(await allPages(context, 3, 'newest-first', filter)).toEqual(forward.toReversed())
  },

  'gives 100 events where no limit is named, and at most 1,000': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(500) })
    await store.append({ stream, expected: 500, events: eventsOf(501, 501) })
    expect((await store.query({ tenantId })).events).toHaveLength(100)
    expect((await store.query({ tenantId }, { limit: 1_000 })).events).toHaveLength(1_000)
    for (const limit of [0, -1, 1_001, 2.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => store.query({ tenantId }, { limit }))
    for (const cursor of [-1, 0.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => store.query({ tenantId }, { cursor }))
  },

  'counts the tenant’s events by type, most first': async (context) => {
    const { store, tenantId, otherTenantId } = context
    expect(await store.countByType(tenantId)).toEqual([])
    await givenStream(context, 2, streamIn(tenantId))
    const types = ['order.ready', 'order.created', 'order.ready', 'order.ready']
    await store.append({ stream: streamIn(tenantId), expected: 0, events: types.map((type) => eventOf(type)) })
    await store.append({ stream: streamIn(otherTenantId), expected: 0, events: types.map((type) => eventOf(type)) })
    expect(await store.countByType(tenantId)).toEqual([
      { type: 'order.ready', count: 3 },
      { type: 'order.noted', count: 2 },
      { type: 'order.created', count: 1 },
    ])
  },
})

async function allPages(
  { store, tenantId }: EventStoreContext,
  limit: number,
  order: 'oldest-first' | 'newest-first',
  filter: Omit<EventFilter, 'tenantId'> = {},
): Promise<readonly RecordedEvent[]> {
  const all: RecordedEvent[] = []
  for (let cursor: number | undefined; ;) {
    const page = await store.query({ tenantId, ...filter }, { limit, order, ...(cursor === undefined ? {} : { cursor }) })
    expect(page.events.length).toBeLessThanOrEqual(limit)
    all.push(...page.events)
    if (page.next === undefined) return all
    // Without this a store that goes round in circles would keep the suite running for ever.
    if (cursor !== undefined) expect(Math.sign(page.next - cursor)).toBe(order === 'oldest-first' ? 1 : -1)
    cursor = page.next
  }
}
