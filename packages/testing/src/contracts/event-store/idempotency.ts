import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, expectNothingStored, logOf } from './observe.ts'

export const idempotency = contractGroup<EventStoreContext>('command ids', {
  'answers the same id and hash with the first result and stores nothing': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf()
    const first = await store.append({ stream, expected: 0, events: eventsOf(2), command })
    const again = await store.append({ stream, expected: 0, events: eventsOf(3, 50), command })
    expect(first.duplicate).toBe(false)
    expect(again).toEqual({ ...first, duplicate: true })
    expect(await eventsIn(store, stream)).toEqual(first.events)
  },

  'answers with the first result after the stream has moved on, whatever version is expected': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(1) })
    const command = receiptOf()
    const first = await store.append({ stream, expected: 1, events: eventsOf(2, 2), command })
    await store.append({ stream, expected: 3, events: eventsOf(4, 4) })
    for (const expected of [0, 1, 3, 7, 99, 'any', 'exists'] as const) {
      expect(await store.append({ stream, expected, events: eventsOf(1), command })).toEqual({ ...first, duplicate: true })
    }
    expect(await eventsIn(store, stream)).toHaveLength(7)
  },

  'refuses the same id with another hash, and stores nothing': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf('one')
    const first = await store.append({ stream, expected: 0, events: eventsOf(1), command })
    const other = receiptOf('two', command.id)
    await refusal('CAIRN_COMMAND_ID_REUSED', store.append({ stream, expected: 1, events: eventsOf(1, 2), command: other }))
    await refusal('CAIRN_COMMAND_ID_REUSED', store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command: other }))
    expect(await logOf(store, tenantId)).toEqual(first.events)
  },

  'says that an id was reused before it says that the version is wrong': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf('one')
    await store.append({ stream, expected: 0, events: eventsOf(1), command })
    await refusal(
      'CAIRN_COMMAND_ID_REUSED',
      store.append({ stream, expected: 9, events: eventsOf(1), command: receiptOf('two', command.id) }),
    )
  },

  'takes an id as the same in upper and in lower case': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf()
    const first = await store.append({ stream, expected: 0, events: eventsOf(1), command })
    const loud = { ...command, id: command.id.toUpperCase() }
    expect(await store.append({ stream, expected: 0, events: eventsOf(1), command: loud })).toEqual({ ...first, duplicate: true })
    expect(await store.resultOf(tenantId, loud)).toEqual({ ...first, duplicate: true })
  },

  'lets one id take effect once among 16 racers on a new stream, with 16 equal answers': async ({ store, rival, tenantId }) => {
    for (let round = 0; round < 5; round++) {
      const stream = streamIn(tenantId)
      const command = receiptOf()
      const calls = upTo(16).map((n) =>
        (n % 2 === 0 ? store : rival).append({ stream, expected: 0, events: eventsOf(2, n * 100), command }),
      )
      const results = await Promise.all(calls)
      expect(results.filter((result) => !result.duplicate)).toHaveLength(1)
      for (const result of results) expect({ ...result, duplicate: true }).toEqual({ ...results[0], duplicate: true })
      expect(await eventsIn(store, stream)).toEqual(results[0]?.events)
    }
  },

  'lets one id take effect once among 16 racers on an existing stream, with 16 equal answers': async (context) => {
    const { store, rival } = context
    for (let round = 0; round < 5; round++) {
      const { stream } = await givenStream(context, 2)
      const command = receiptOf()
      const calls = upTo(16).map((n) =>
        (n % 2 === 0 ? store : rival).append({ stream, expected: 2, events: eventsOf(1, n * 100), command }),
      )
      const results = await Promise.all(calls)
      expect(results.filter((result) => !result.duplicate)).toHaveLength(1)
      for (const result of results) expect({ ...result, duplicate: true }).toEqual({ ...results[0], duplicate: true })
      expect(await eventsIn(store, stream)).toHaveLength(3)
    }
  },

  'lets one id take effect once among 16 racers that aim at different streams': async ({ store, rival, tenantId }) => {
    const command = receiptOf()
    const calls = upTo(16).map((n) =>
      (n % 2 === 0 ? store : rival).append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command }),
    )
    const results = await Promise.all(calls)
    expect(results.filter((result) => !result.duplicate)).toHaveLength(1)
    for (const result of results) expect({ ...result, duplicate: true }).toEqual({ ...results[0], duplicate: true })
    expect(await logOf(store, tenantId)).toEqual(results[0]?.events)
  },

  'lets different ids on one stream each take effect when they race': async ({ store, rival, tenantId }) => {
    const stream = streamIn(tenantId)
    const commands = upTo(16).map(() => receiptOf())
    await Promise.all(
      commands.map((command, i) => (i % 2 === 0 ? store : rival).append({ stream, expected: 'any', events: eventsOf(1, i), command })),
    )
    expect(await eventsIn(store, stream)).toHaveLength(16)
    for (const command of commands) expect(await store.resultOf(tenantId, command)).toMatchObject({ duplicate: true })
  },

  'takes the same id in two tenants as two commands': async ({ store, tenantId, otherTenantId }) => {
    const command = receiptOf()
    const mine = await store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command })
    expect(await store.resultOf(otherTenantId, command)).toBeUndefined()
    const theirs = await store.append({ stream: streamIn(otherTenantId), expected: 0, events: eventsOf(2), command })
    expect([mine.duplicate, theirs.duplicate]).toEqual([false, false])
    expect(await store.resultOf(tenantId, command)).toEqual({ ...mine, duplicate: true })
    expect(await store.resultOf(otherTenantId, command)).toEqual({ ...theirs, duplicate: true })
    const reusedThere = receiptOf('other content', command.id)
    await refusal(
      'CAIRN_COMMAND_ID_REUSED',
      store.append({ stream: streamIn(otherTenantId), expected: 0, events: eventsOf(1), command: reusedThere }),
    )
  },

  'remembers a command without events, with the version it met and position 0': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 2)
    const command = receiptOf()
    const first = await store.append({ stream, expected: 2, events: [], command })
    expect(first).toEqual({ stream, events: [], version: 2, position: 0, duplicate: false })
    await store.append({ stream, expected: 2, events: eventsOf(1, 3) })
    expect(await store.append({ stream, expected: 2, events: eventsOf(5), command })).toEqual({ ...first, duplicate: true })
    expect(await store.resultOf(tenantId, command)).toEqual({ ...first, duplicate: true })
    expect(await eventsIn(store, stream)).toHaveLength(3)
  },

  'remembers a command without events on a stream that does not exist, and does not create it': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    const command = receiptOf()
    const first = await store.append({ stream, expected: 0, events: [], command })
    expect(first).toEqual({ stream, events: [], version: 0, position: 0, duplicate: false })
    expect(await store.append({ stream, expected: 0, events: [], command })).toEqual({ ...first, duplicate: true })
    expect(await store.existsAll([stream])).toBe(false)
    expect(await store.load(stream)).toMatchObject({ version: 0, events: [] })
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream, expected: 'exists', events: eventsOf(1) }))
    await expectNothingStored(context)
    expect(await store.append({ stream, expected: 0, events: eventsOf(1) })).toMatchObject({ version: 1 })
  },

  'checks the expected version of a command without events': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 2)
    const command = receiptOf()
    for (const expected of [0, 1, 3]) await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream, expected, events: [], command }))
    const missing = streamIn(tenantId)
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream: missing, expected: 'exists', events: [], command }))
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
    expect(await store.append({ stream, expected: 'exists', events: [], command })).toMatchObject({ version: 2, duplicate: false })
  },

  'finds the first result by id, and nothing for an id that took no effect': async ({ store, rival, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf('one')
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
    const first = await store.append({ stream, expected: 0, events: eventsOf(3), command })
    expect(await store.resultOf(tenantId, command)).toEqual({ ...first, duplicate: true })
    expect(await rival.resultOf(tenantId, command)).toEqual({ ...first, duplicate: true })
    expect(await store.resultOf(tenantId, receiptOf('one'))).toBeUndefined()
    await refusal('CAIRN_COMMAND_ID_REUSED', store.resultOf(tenantId, receiptOf('two', command.id)))
  },

  'lets a refused command be sent again with the same id': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    const command = receiptOf()
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream, expected: 0, events: eventsOf(1), command }))
    expect(await store.append({ stream, expected: 1, events: eventsOf(1), command })).toMatchObject({ version: 2, duplicate: false })
  },
})
