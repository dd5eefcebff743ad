import type { LogReadOptions, RecordedEvent } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { canonicalJson, expectAscending, refusal, upTo } from '../observe.ts'
import { eventOf, type LogReaderContext } from './context.ts'

const idsOf = (events: readonly RecordedEvent[]): readonly string[] => events.map(({ id }) => id)

/** Reads on from `next` until the log is at its end. */
async function readOn({ reader }: LogReaderContext, options: LogReadOptions): Promise<{ events: readonly RecordedEvent[]; pages: number }> {
  const events: RecordedEvent[] = []
  let after = options.after
  for (let pages = 1; ; pages++) {
    const page = await reader.read({ ...options, after })
    events.push(...page.events)
    expect(page.next).toBeGreaterThanOrEqual(after)
    expect(page.events.length).toBeLessThanOrEqual(options.limit)
    if (page.next >= (options.upTo ?? page.horizon)) return { events, pages }
    // Without progress it would go round for ever.
    expect(page.next).toBeGreaterThan(after)
    after = page.next
  }
}

export const reading = contractGroup<LogReaderContext>('read', {
  'gives whole events, of every tenant, in the order of the log': async (context) => {
    const { reader, store, tenantId, otherTenantId } = context
    const after = await context.end()
    const key = { aggregateType: 'order-line', aggregateId: 'größe "1"\n\\' }
    const first = await store.append({
      stream: { tenantId, ...key },
      expected: 0,
      events: [
        eventOf(
          context.type('one'),
          { text: 'Ünï \u0001 "x" \\ 💚', deep: [{ a: [1.5, null, true] }] },
          { userId: 'u', custom: { k: [1] } },
        ),
        eventOf(context.type('two'), [], { schemaVersion: 3, tags: ['a', 'b'] }),
      ],
    })
    const second = await store.append({
      stream: { tenantId: otherTenantId, ...key },
      expected: 0,
      events: [eventOf(context.type('one'), 'text')],
    })
    const third = await store.append({ stream: { tenantId, ...key }, expected: 2, events: [eventOf(context.type('one'), null)] })
    const { events, next, horizon } = await reader.read({ after, limit: 100 })
    expect(canonicalJson(events)).toBe(canonicalJson([...first.events, ...second.events, ...third.events]))
    expect(events).toEqual([...first.events, ...second.events, ...third.events])
    expectAscending(events.map(({ position }) => position))
    for (const event of events) expect(event.recordedAt).toBeInstanceOf(Date)
    expect(next).toBe(horizon)
    expect(horizon).toBeGreaterThanOrEqual(third.position)
  },

  'gives events that can be copied field by field and written as JSON': async (context) => {
    const after = await context.end()
    const [recorded] = await context.append([context.type('copied')])
    const [event] = (await context.reader.read({ after, limit: 1 })).events
    expect({ ...event }).toEqual(recorded)
    expect(JSON.parse(JSON.stringify(event))).toEqual(JSON.parse(JSON.stringify(recorded)))
    expect(structuredClone(event)).toEqual(recorded)
  },

  'leaves payloads as they are stored': async (context) => {
    const { reader, store, tenantId } = context
    const after = await context.end()
    const stream = { tenantId, aggregateType: 'order', aggregateId: 'o-1' }
    await store.append({ stream, expected: 0, events: [eventOf(context.type('old'), { v: 1 }, { schemaVersion: 1 })] })
    const [event] = (await reader.read({ after, limit: 1 })).events
    expect(event).toMatchObject({ payload: { v: 1 }, metadata: { schemaVersion: 1 } })
  },

  'goes on from where it stopped, and misses and repeats nothing, whatever the limit': async (context) => {
    const after = await context.end()
    const recorded = await context.append(upTo(23).map((n) => context.type(n % 3 === 0 ? 'a' : 'b')))
    for (const limit of [1, 2, 7, 23, 24, 10_000]) {
      const { events, pages } = await readOn(context, { after, limit })
      expect(idsOf(events)).toEqual(idsOf(recorded))
      expect(pages).toBeLessThanOrEqual(Math.ceil(23 / limit) + 1)
    }
  },

  'gives `next` as the last event read when the limit stopped it': async (context) => {
    const after = await context.end()
    const recorded = await context.append(upTo(4).map(() => context.type('a')))
    const page = await context.reader.read({ after, limit: 3 })
    expect(page.next).toBe(recorded[2]?.position)
    expect(page.horizon).toBeGreaterThanOrEqual(recorded[3]?.position ?? Number.POSITIVE_INFINITY)
  },

  'reads no further than it is told': async (context) => {
    const after = await context.end()
    const recorded = await context.append(upTo(5).map(() => context.type('a')))
    const upToPosition = recorded[2]?.position ?? 0
    expect(await context.reader.read({ after, upTo: upToPosition, limit: 10 })).toMatchObject({
      events: recorded.slice(0, 3),
      next: upToPosition,
    })
    const { next, horizon } = await context.reader.read({ after, upTo: 2 ** 52, limit: 10 })
    expect(next).toBe(horizon)
  },

  'finds nothing behind the end, and goes nowhere': async (context) => {
    await context.append([context.type('a')])
    const end = await context.end()
    expect(await context.reader.read({ after: end, limit: 10 })).toMatchObject({ events: [], next: end, horizon: end })
    // A reader that is ahead (of a log that was cut short) is not sent back.
    expect(await context.reader.read({ after: end + 1_000, limit: 10 })).toMatchObject({ events: [], next: end + 1_000, horizon: end })
    expect(await context.reader.read({ after: end, upTo: 1, limit: 10 })).toMatchObject({ events: [], next: end, horizon: end })
  },

  'gives the types asked for, and goes past the others': async (context) => {
    const after = await context.end()
    const words = ['a', 'b', 'c', 'a', 'c', 'b', 'a']
    const recorded = await context.append(words.map((word) => context.type(word)))
    const types = [context.type('a'), context.type('b')]
    const wanted = recorded.filter(({ type }) => types.includes(type))
    for (const limit of [1, 2, 100]) {
      expect(idsOf((await readOn(context, { after, limit, types })).events)).toEqual(idsOf(wanted))
    }
    expect((await readOn(context, { after, limit: 10, types: [context.type('none')] })).events).toEqual([])
    expect((await readOn(context, { after, limit: 10, types: [] })).events).toEqual([])
  },

  'gives a type once that is asked for twice': async (context) => {
    const after = await context.end()
    const recorded = await context.append([context.type('a'), context.type('b')])
    const { events } = await context.reader.read({ after, limit: 10, types: [context.type('a'), context.type('a')] })
    expect(idsOf(events)).toEqual(idsOf(recorded.slice(0, 1)))
  },

  'gives one tenant’s events': async (context) => {
    const after = await context.end()
    const own = await context.append([context.type('a'), context.type('b')])
    await context.append([context.type('a')], context.otherTenantId)
    const { tenantId } = context
    expect(idsOf((await readOn(context, { after, limit: 1, tenantId })).events)).toEqual(idsOf(own))
    expect(idsOf((await readOn(context, { after, limit: 9, tenantId, types: [context.type('b')] })).events)).toEqual(idsOf(own.slice(1)))
  },

  'misses nothing while others write': async (context) => {
    const after = await context.end()
    const writing = Promise.all(upTo(8).map(() => context.append(upTo(12).map(() => context.type('raced')))))
    const seen: RecordedEvent[] = []
    const readToEnd = async (from: number): Promise<number> => {
      const { events, next, horizon } = await context.reader.read({ after: from, limit: 5 })
      seen.push(...events)
      return next < horizon ? readToEnd(next) : next
    }
    let position = after
    const ended = writing.then(() => 'ended')
    while ((await Promise.race([ended, context.elapse(1)])) !== 'ended') position = await readToEnd(position)
    await readToEnd(position)
    const recorded = (await writing).flat().toSorted((a, b) => a.position - b.position)
    expect(idsOf(seen)).toEqual(idsOf(recorded))
  },

  'refuses positions, limits and tenants that are none': async (context) => {
    for (const options of [
      { after: -1, limit: 1 },
      { after: 1.5, limit: 1 },
      { after: 0, limit: 0 },
      { after: 0, limit: 10_001 },
      { after: 0, limit: Number.NaN },
      { after: 0, upTo: -1, limit: 1 },
      { after: 0, limit: 1, tenantId: '' },
    ]) {
      await refusal('CAIRN_INVALID_INPUT', () => context.reader.read(options))
    }
  },
})
