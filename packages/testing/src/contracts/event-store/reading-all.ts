import type { RecordedEvent } from '@cairn/core'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { expectAscending, refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, givenStream, streamIn } from './given.ts'
import { logOf, typesOf } from './observe.ts'

export const readingAll = contractGroup<EventStoreContext>('readAll', {
  'gives the events of all streams ascending by position': async (context) => {
    const results = [await givenStream(context, 2), await givenStream(context, 3), await givenStream(context, 1)]
    const events = await logOf(context.store, context.tenantId)
    expect(events).toEqual(results.flatMap(({ result }) => result.events))
    expectAscending(events.map((event) => event.position))
  },

  'gives the events of every tenant where none is named': async (context) => {
    const { store, tenantId, otherTenantId } = context
    const { horizon } = await store.readAll({ limit: 1 })
    const mine = await store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
    const theirs = await store.append({ stream: streamIn(otherTenantId), expected: 0, events: eventsOf(1) })
    const { events } = await store.readAll({ after: horizon, limit: 10 })
    expect(events).toEqual([...mine.events, ...theirs.events])
  },

  'gives only the named tenant’s events': async (context) => {
    const { store, tenantId, otherTenantId } = context
    const { result } = await givenStream(context, 3)
    await store.append({ stream: streamIn(otherTenantId), expected: 0, events: eventsOf(2) })
    expect((await store.readAll({ tenantId, after: startOf(result.events) })).events).toEqual(result.events)
  },

  'goes on from `next` page by page, missing nothing and repeating nothing': async (context) => {
    const { store, tenantId } = context
    await Promise.all(upTo(5).map(() => givenStream(context, 5)))
    const whole = await logOf(store, tenantId)
    expect(whole).toHaveLength(25)
    for (const limit of [1, 4, 5, 24, 25, 26]) {
      const pages = await pagesOf(context, startOf(whole), limit)
      expect(pages.flat()).toEqual(whole)
      expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(limit)
    }
  },

  'gives as `next` the last event of a full page, and the horizon of a short one': async (context) => {
    const { store, tenantId } = context
    const { result } = await givenStream(context, 3)
    const after = startOf(result.events)
    const full = await store.readAll({ tenantId, after, limit: 2 })
    expect(full.next).toBe(result.events[1]?.position)
    const short = await store.readAll({ tenantId, after, limit: 10 })
    expect(short.next).toBe(short.horizon)
    expect(short.horizon).toBeGreaterThanOrEqual(result.position)
  },

  'moves on past events that the filter leaves out': async (context) => {
    const { store, tenantId } = context
    const { result } = await givenStream(context, 3)
    const page = await store.readAll({ tenantId, after: startOf(result.events), types: ['order.neverHeardOf'] })
    expect(page.events).toEqual([])
    expect(page.next).toBeGreaterThanOrEqual(result.position)
  },

  'gives only the types asked for': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    const types = ['order.created', 'order.ready', 'order.noted', 'order.ready', 'order.cancelled']
    await store.append({ stream, expected: 0, events: types.map((type) => eventOf(type)) })
    const read = async (wanted: readonly string[]): Promise<readonly string[]> => {
      return typesOf((await store.readAll({ tenantId, types: wanted })).events)
    }
    expect(await read(['order.ready'])).toEqual(['order.ready', 'order.ready'])
    expect(await read(['order.cancelled', 'order.created'])).toEqual(['order.created', 'order.cancelled'])
    expect(await read(['order.Ready', 'order', ''])).toEqual([])
    expect(await read([])).toEqual([])
  },

  'pages through a filtered log without missing any': async (context) => {
    const { store, tenantId } = context
    const events = upTo(30).map((n) => eventOf(n % 3 === 0 ? 'order.third' : 'order.other', { n }))
    await store.append({ stream: streamIn(tenantId), expected: 0, events })
    const found: number[] = []
    for (let after = 0; ;) {
      const page = await store.readAll({ tenantId, types: ['order.third'], after, limit: 4 })
      found.push(...page.events.map((event) => event.version))
      if (page.events.length < 4) break
      expect(page.next).toBeGreaterThan(after)
      after = page.next
    }
    expect(found).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30])
  },

  'never shows a position that it has passed: a reader among racing writers sees each event once and in order': async (context) => {
    const { store, rival, tenantId } = context
    const writers = 8
    const appendsEach = 25
    let after = (await store.readAll({ limit: 1 })).horizon
    let writing = true
    const write = async (writer: number): Promise<void> => {
      const stream = streamIn(tenantId, `writer-${writer}`)
      for (const n of upTo(appendsEach))
        await (writer % 2 === 0 ? store : rival).append({ stream, expected: n - 1, events: eventsOf(1, n) })
    }
    const writes = Promise.all(upTo(writers).map(write)).finally(() => (writing = false))
    const seen: RecordedEvent[] = []
    for (;;) {
      const last = !writing
      const page = await store.readAll({ after, limit: 7, tenantId })
      seen.push(...page.events)
      expect(page.next).toBeGreaterThanOrEqual(after)
      if (last && page.events.length < 7) break
      after = page.next
      await setImmediate()
    }
    await writes
    expectAscending(seen.map((event) => event.position))
    for (const writer of upTo(writers)) {
      const versions = seen.filter((event) => event.aggregateId === `writer-${writer}`).map((event) => event.version)
      expect(versions).toEqual(upTo(appendsEach))
    }
  },

  'has a horizon that never goes back and covers every answered append': async (context) => {
    let before = 0
    for (let round = 0; round < 10; round++) {
      const { result } = await givenStream(context, 2)
      const { horizon } = await context.store.readAll({ limit: 1 })
      expect(horizon).toBeGreaterThanOrEqual(Math.max(before, result.position))
      before = horizon
    }
  },

  'is empty behind the horizon, and `next` stays where the reader is': async ({ store, tenantId }) => {
    const { horizon } = await store.readAll({ limit: 1 })
    const page = await store.readAll({ after: horizon + 1_000_000, tenantId })
    expect(page.events).toEqual([])
    expect(page.next).toBe(horizon + 1_000_000)
  },

  'refuses limits outside 1..10,000 and broken positions': async ({ store, tenantId }) => {
    for (const limit of [0, -1, 10_001, 1.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => store.readAll({ tenantId, limit }))
    for (const after of [-1, 1.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => store.readAll({ tenantId, after }))
    expect((await store.readAll({ tenantId, limit: 10_000 })).events).toEqual([])
  },
})

function startOf(events: readonly RecordedEvent[]): number {
  return (events[0]?.position ?? 1) - 1
}

async function pagesOf(
  { store, tenantId }: EventStoreContext,
  start: number,
  limit: number,
): Promise<readonly (readonly RecordedEvent[])[]> {
  const pages: (readonly RecordedEvent[])[] = []
  for (let after = start; ;) {
    const page = await store.readAll({ tenantId, after, limit })
    pages.push(page.events)
    if (page.events.length < limit) return pages
    // Without this a store that goes round in circles would keep the suite running for ever.
    expect(page.next).toBeGreaterThan(after)
    after = page.next
  }
}
