import { uuidv7 } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { expectAscending, refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { appendOne, eventOf, eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, expectNothingStored, logOf, payloadsOf, versionsOf } from './observe.ts'

export const appending = contractGroup<EventStoreContext>('append', {
  'answers with the recorded events in order, the version and the position': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    const events = [eventOf('order.created', { customerId: 'c-1' }, { userId: 'u-1' }), eventOf('order.ready', {})]
    const result = await store.append({ stream, expected: 0, events })

    expect(result.stream).toEqual(stream)
    expect(result.version).toBe(2)
    expect(result.duplicate).toBe(false)
    expect(result.events).toHaveLength(2)
    for (const [i, wanted] of events.entries()) {
      expect(result.events[i]).toMatchObject({ ...wanted, ...stream, version: i + 1 })
      expect(result.events[i]?.recordedAt).toBeInstanceOf(Date)
      expect(result.events[i]?.recordedAt.getTime()).not.toBeNaN()
    }
    expect(result.position).toBe(result.events.at(-1)?.position)
  },

  'answers with the same events that later reads give': async (context) => {
    const { stream, result } = await givenStream(context, 3)
    expect(await eventsIn(context.store, stream)).toEqual(result.events)
    expect(await logOf(context.store, context.tenantId)).toEqual(result.events)
    expect((await context.store.query({ tenantId: context.tenantId })).events).toEqual(result.events)
  },

  'answers with payloads as JSON carries them': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const { events } = await store.append({ stream, expected: 0, events: [eventOf('order.noted', { kept: 1, dropped: undefined })] })
    expect(Object.keys(events[0]?.payload ?? {})).toEqual(['kept'])
  },

  'gives versions 1..n without holes over many appends': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    const first = await store.append({ stream, expected: 0, events: eventsOf(3) })
    const second = await store.append({ stream, expected: 3, events: eventsOf(1, 4) })
    const third = await store.append({ stream, expected: 4, events: eventsOf(2, 5) })
    expect([first.version, second.version, third.version]).toEqual([3, 4, 6])
    const stored = await eventsIn(store, stream)
    expect(versionsOf(stored)).toEqual(upTo(6))
    expect(payloadsOf(stored)).toEqual(upTo(6).map((n) => ({ n })))
  },

  'leaves no hole in the versions where appends were refused in between': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream, expected: 7, events: eventsOf(3) }))
    await store.append({ stream, expected: 1, events: eventsOf(1, 2) })
    expect(versionsOf(await eventsIn(store, stream))).toEqual([1, 2])
  },

  'gives positions that ascend within an append and from append to append': async (context) => {
    const first = await givenStream(context, 3)
    const second = await givenStream(context, 3)
    expectAscending([...first.result.events, ...second.result.events].map((event) => event.position))
    expect(first.result.events[0]?.position).toBeGreaterThan(0)
  },

  'stores appends to many streams that arrive at once': async ({ store, rival, tenantId }) => {
    const streams = Array.from({ length: 60 }, () => streamIn(tenantId))
    const results = await Promise.all(
      streams.map((stream, i) => (i % 2 === 0 ? store : rival).append({ stream, expected: 0, events: eventsOf(1 + (i % 3)) })),
    )
    for (const [i, stream] of streams.entries()) {
      expect(results[i]?.stream).toEqual(stream)
      expect(await eventsIn(store, stream)).toEqual(results[i]?.events)
    }
    const positions = (await logOf(store, tenantId)).map((event) => event.position)
    expectAscending(positions)
    expect(positions).toHaveLength(120)
  },

  'stores appends to one stream that arrive at once, one after another': async ({ store, rival, tenantId }) => {
    const stream = streamIn(tenantId)
    const results = await Promise.all(
      upTo(40).map((n) => (n % 2 === 0 ? store : rival).append({ stream, expected: 'any', events: eventsOf(2, n * 10) })),
    )
    expect(results.map((result) => result.version).toSorted((a, b) => a - b)).toEqual(upTo(40).map((n) => n * 2))
    const stored = await eventsIn(store, stream)
    expect(versionsOf(stored)).toEqual(upTo(80))
    expectAscending(stored.map((event) => event.position))
    for (const result of results) expect(stored.slice(result.version - 2, result.version)).toEqual(result.events)
  },

  'stores the parts of one append side by side even among racing appends to other streams': async ({ store, rival, tenantId }) => {
    const streams = Array.from({ length: 10 }, () => streamIn(tenantId))
    await Promise.all(
      streams.flatMap((stream) =>
        upTo(4).map((n) => (n % 2 === 0 ? store : rival).append({ stream, expected: 'any', events: eventsOf(5, n * 100) })),
      ),
    )
    for (const stream of streams) {
      const numbers = payloadsOf(await eventsIn(store, stream)).map((payload) => Object.values(payload ?? {})[0])
      expect(numbers).toHaveLength(20)
      for (let i = 0; i < 20; i += 5) {
        const first = Number(numbers[i])
        expect(numbers.slice(i, i + 5)).toEqual(upTo(5).map((n) => first + n - 1))
      }
    }
  },

  'stores an append of 500 events': async (context) => {
    const { stream, result } = await givenStream(context, 500)
    expect(result.version).toBe(500)
    expect(payloadsOf(await eventsIn(context.store, stream))).toEqual(upTo(500).map((n) => ({ n })))
  },

  'refuses an append that has neither events nor a command': async (context) => {
    const { store, tenantId } = context
    const refused = store.append({ stream: streamIn(tenantId), expected: 'any', events: [] })
    await refusal('CAIRN_INVALID_INPUT', refused)
    await expectNothingStored(context)
  },

  'keeps metadata, its unknown keys included': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    const metadata = {
      correlationId: uuidv7(),
      causationId: uuidv7(),
      schemaVersion: 3,
      userId: 'u-1',
      role: 'clerk',
      requestId: 'r-1',
      source: 'import',
      tags: ['a', 'b'],
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      workflowId: 'w-1',
      jobId: 'j-1',
      projectId: 'p-1',
      unheardOf: { nested: [1, null, { deep: true }], text: 'ü' },
    }
    const { events } = await appendOne(context, stream, eventOf('order.noted', {}, metadata))
    expect(events[0]?.metadata).toEqual(metadata)
    expect((await eventsIn(store, stream))[0]?.metadata).toEqual(metadata)
    expect((await logOf(store, tenantId))[0]?.metadata).toEqual(metadata)
    expect((await store.query({ tenantId })).events[0]?.metadata).toEqual(metadata)
  },

  'keeps the schema version beside each event of a load': async (context) => {
    const stream = streamIn(context.tenantId)
    await appendOne(context, stream, eventOf('order.created', { v: 1 }, { schemaVersion: 1 }))
    await appendOne(context, stream, eventOf('order.created', { v: 2 }, { schemaVersion: 2 }))
    const { events } = await context.store.load(stream)
    expect(events).toEqual([
      { type: 'order.created', version: 1, schemaVersion: 1, payload: { v: 1 } },
      { type: 'order.created', version: 2, schemaVersion: 2, payload: { v: 2 } },
    ])
  },

  'records times that lie near the call and do not go back within a stream': async (context) => {
    const { store } = context
    const { stream, result } = await givenStream(context, 1)
    const before = result.events[0]?.recordedAt ?? new Date(0)
    expect(Math.abs(before.getTime() - Date.now())).toBeLessThan(60_000)
    const after = (await appendOne(context, stream)).events[0]?.recordedAt ?? new Date(0)
    expect(after.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect((await eventsIn(store, stream)).map((event) => event.recordedAt)).toEqual([before, after])
  },

  'takes event ids in any case and answers in lower case': async (context) => {
    const stream = streamIn(context.tenantId)
    const event = { ...eventOf(), id: uuidv7().toUpperCase() }
    const { events } = await appendOne(context, stream, event)
    expect(events[0]?.id).toBe(event.id.toLowerCase())
    expect((await eventsIn(context.store, stream))[0]?.id).toBe(event.id.toLowerCase())
  },

  'accepts an audited command': async (context) => {
    const { store, tenantId } = context
    const command = { ...receiptOf(), audit: { type: 'order.note', payload: { note: 'kept' } } }
    const { version } = await store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command })
    expect(version).toBe(1)
  },
})
