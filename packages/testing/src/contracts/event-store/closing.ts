import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, logOf, versionsOf } from './observe.ts'

export const closing = contractGroup<EventStoreContext>('close', {
  'refuses every later append, whatever it expects': async (context) => {
    const { store, rival, tenantId } = context
    const { stream, result } = await givenStream(context, 2)
    await store.close(stream)
    for (const expected of [2, 'any', 'exists'] as const) {
      await refusal('CAIRN_STREAM_CLOSED', rival.append({ stream, expected, events: eventsOf(1) }))
    }
    expect(await logOf(store, tenantId)).toEqual(result.events)
  },

  'refuses a command without events too, and does not remember it': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 1)
    await store.close(stream)
    const command = receiptOf()
    await refusal('CAIRN_STREAM_CLOSED', store.append({ stream, expected: 1, events: [], command }))
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
  },

  'lets reads go on': async (context) => {
    const { store, tenantId } = context
    const { stream, result } = await givenStream(context, 3)
    expect(await store.load(stream)).toMatchObject({ closed: false })
    await store.close(stream)
    const loaded = await store.load(stream)
    expect(loaded).toMatchObject({ version: 3, closed: true })
    expect(versionsOf(loaded.events)).toEqual(upTo(3))
    expect(await eventsIn(store, stream)).toEqual(result.events)
    expect(await logOf(store, tenantId)).toEqual(result.events)
    expect((await store.query({ tenantId })).events).toEqual(result.events)
  },

  'changes nothing when the stream is closed already': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    await store.close(stream, 1)
    await store.close(stream, 1)
    await store.close(stream)
    expect(await store.load(stream)).toMatchObject({ version: 1, closed: true })
  },

  'answers a command that took effect before with its first result': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf('one')
    const first = await store.append({ stream, expected: 0, events: eventsOf(2), command })
    await store.close(stream)
    expect(await store.append({ stream, expected: 0, events: eventsOf(2), command })).toEqual({ ...first, duplicate: true })
    expect(await store.resultOf(tenantId, command)).toEqual({ ...first, duplicate: true })
    await refusal(
      'CAIRN_COMMAND_ID_REUSED',
      store.append({ stream, expected: 2, events: eventsOf(1), command: receiptOf('two', command.id) }),
    )
  },

  'checks the expected version, and leaves the stream open when it is not met': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 2)
    for (const expected of [0, 1, 3]) {
      const error = await refusal('CAIRN_VERSION_CONFLICT', store.close(stream, expected))
      expect(error.details).toMatchObject({ expected, actual: 2 })
    }
    expect(await store.load(stream)).toMatchObject({ closed: false })
    await store.append({ stream, expected: 2, events: eventsOf(1) })
    await store.close(stream, 3)
    expect(await store.load(stream)).toMatchObject({ version: 3, closed: true })
  },

  'refuses to close a stream without events, which then can begin': async ({ store, tenantId }) => {
    const missing = streamIn(tenantId)
    const onlyReceipt = streamIn(tenantId)
    await store.append({ stream: onlyReceipt, expected: 0, events: [], command: receiptOf() })
    for (const stream of [missing, onlyReceipt]) {
      for (const expected of ['exists', 'any', 0, 1] as const) {
        const error = await refusal('CAIRN_VERSION_CONFLICT', store.close(stream, expected))
        expect(error.details).toMatchObject({ expected, actual: 0 })
      }
      await refusal('CAIRN_VERSION_CONFLICT', store.close(stream))
      expect(await store.append({ stream, expected: 0, events: eventsOf(1) })).toMatchObject({ version: 1 })
      await store.close(stream, 'exists')
      expect(await store.load(stream)).toMatchObject({ version: 1, closed: true })
    }
  },

  'closes one stream and no other': async ({ store, tenantId, otherTenantId }) => {
    const closed = streamIn(tenantId, 'same-id')
    const near = [streamIn(tenantId, 'same-id-2'), streamIn(tenantId, 'same-id', 'invoice'), streamIn(otherTenantId, 'same-id')]
    for (const stream of [closed, ...near]) await store.append({ stream, expected: 0, events: eventsOf(1) })
    await store.close(closed)
    for (const stream of near) expect(await store.append({ stream, expected: 1, events: eventsOf(1) })).toMatchObject({ version: 2 })
  },

  'leaves a stream that closes among racing appends without any event behind the close': async (context) => {
    const { store, rival } = context
    const { stream } = await givenStream(context, 1)
    const racers = upTo(20).map((n) => (n % 2 === 0 ? store : rival).append({ stream, expected: 'any', events: eventsOf(1, n) }))
    const outcomes = await Promise.allSettled([...racers.slice(0, 10), store.close(stream), ...racers.slice(10)])
    const stored = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value !== undefined)
    expect(versionsOf(await eventsIn(store, stream))).toEqual(upTo(1 + stored.length))
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_STREAM_CLOSED' })
    await refusal('CAIRN_STREAM_CLOSED', store.append({ stream, expected: 'any', events: eventsOf(1) }))
  },
})
