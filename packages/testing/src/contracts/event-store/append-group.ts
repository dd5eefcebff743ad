import { uuidv7, type AppendGroupResult } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, expectNothingStored, logOf } from './observe.ts'

export const appendGroup = contractGroup<EventStoreContext>('appendGroup', {
  'stores all parts as one, each with its own answer': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    const parts = [
      { events: eventsOf(2, 2), command: receiptOf() },
      { events: [], command: receiptOf() },
      { events: eventsOf(1, 4) },
      { events: eventsOf(2, 5), command: receiptOf() },
    ]
    const group = await store.appendGroup({ stream, expected: 1, parts })

    expect(group.stored).toBe(true)
    expect(group.results.map((result) => result?.version)).toEqual([3, 3, 4, 6])
    expect(group.results.map((result) => result?.duplicate)).toEqual([false, false, false, false])
    expect(group.results.map((result) => result?.events.length)).toEqual([2, 0, 1, 2])
    for (const result of group.results) {
      expect(result?.stream).toEqual(stream)
      expect(result?.position).toBe(result?.events.at(-1)?.position ?? 0)
    }
    const stored = await eventsIn(store, stream)
    expect(stored.slice(1)).toEqual(group.results.flatMap((result) => result?.events ?? []))
    expect(stored.map((event) => event.payload)).toEqual(upTo(6).map((n) => (n === 1 ? { n: 1 } : { n })))
  },

  'keeps a receipt of each part, to be found alone': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const commands = [receiptOf(), receiptOf(), receiptOf()]
    const parts = commands.map((command, i) => ({ events: eventsOf(i, i * 10), command }))
    const { results } = await store.appendGroup({ stream, expected: 0, parts })
    for (const [i, command] of commands.entries()) {
      expect(await store.resultOf(tenantId, command)).toEqual({ ...results[i], duplicate: true })
      expect(await store.append({ stream, expected: 0, events: eventsOf(1), command })).toEqual({ ...results[i], duplicate: true })
    }
  },

  'stores nothing when one command took effect before, and answers with its first result alone': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 1)
    const [known, fresh, alsoFresh] = [receiptOf(), receiptOf(), receiptOf()]
    const first = await store.append({ stream, expected: 1, events: eventsOf(1, 2), command: known })
    const snapshot = { version: 4, schemaVersion: 1, state: { wrong: true } }
    const group = await store.appendGroup({
      stream,
      expected: 2,
      parts: [
        { events: eventsOf(1, 3), command: fresh },
        { events: eventsOf(1, 4), command: known },
        { events: [], command: alsoFresh },
        { events: eventsOf(1, 5) },
      ],
      snapshot,
    })
    expect(group).toEqual<AppendGroupResult>({ stored: false, results: [undefined, { ...first, duplicate: true }, undefined, undefined] })
    expect(await store.load(stream)).toMatchObject({ version: 2, snapshot: undefined })
    expect(await store.resultOf(tenantId, fresh)).toBeUndefined()
    expect(await store.resultOf(tenantId, alsoFresh)).toBeUndefined()
  },

  'answers a group that was stored before with all its first results': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const request = {
      stream,
      expected: 0,
      parts: upTo(3).map((n) => ({ events: eventsOf(n, n * 10), command: receiptOf() })),
    }
    const first = await store.appendGroup(request)
    const again = await store.appendGroup(request)
    expect(first.stored).toBe(true)
    expect(again.stored).toBe(false)
    expect(again.results).toEqual(first.results.map((result) => ({ ...result, duplicate: true })))
    expect(await eventsIn(store, stream)).toHaveLength(6)
  },

  'finds an earlier command before it finds a conflict': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 3)
    const known = receiptOf()
    const first = await store.append({ stream, expected: 3, events: [], command: known })
    const parts = [
      { events: eventsOf(1), command: known },
      { events: eventsOf(1), command: receiptOf() },
    ]
    const group = await store.appendGroup({ stream, expected: 0, parts })
    expect(group).toEqual({ stored: false, results: [{ ...first, duplicate: true }, undefined] })
  },

  'refuses the whole group when one id was used with other content': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const used = receiptOf('one')
    const fresh = receiptOf()
    await store.append({ stream, expected: 0, events: eventsOf(1), command: used })
    const parts = [
      { events: eventsOf(1, 2), command: fresh },
      { events: eventsOf(1, 3), command: receiptOf('two', used.id) },
    ]
    await refusal('CAIRN_COMMAND_ID_REUSED', store.appendGroup({ stream, expected: 1, parts }))
    expect(await eventsIn(store, stream)).toHaveLength(1)
    expect(await store.resultOf(tenantId, fresh)).toBeUndefined()
  },

  'refuses the whole group on a version conflict': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 2)
    const commands = [receiptOf(), receiptOf()]
    const parts = commands.map((command) => ({ events: eventsOf(1), command }))
    const error = await refusal('CAIRN_VERSION_CONFLICT', store.appendGroup({ stream, expected: 1, parts }))
    expect(error.details).toMatchObject({ expected: 1, actual: 2 })
    expect(await eventsIn(store, stream)).toHaveLength(2)
    for (const command of commands) expect(await store.resultOf(tenantId, command)).toBeUndefined()
  },

  'lets exactly one of 16 racing groups through': async ({ store, rival, tenantId }) => {
    const stream = streamIn(tenantId)
    const racers = upTo(16).map((n) =>
      (n % 2 === 0 ? store : rival).appendGroup({
        stream,
        expected: 0,
        parts: upTo(3).map((m) => ({ events: eventsOf(1, n * 100 + m), command: receiptOf() })),
      }),
    )
    const outcomes = await Promise.allSettled(racers)
    const [winner, ...more] = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(more).toEqual([])
    expect(await eventsIn(store, stream)).toEqual(winner?.value.results.flatMap((result) => result?.events ?? []))
  },

  'stores the snapshot with the group': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const snapshot = { version: 2, schemaVersion: 1, state: { count: 2 } }
    await store.appendGroup({
      stream,
      expected: 0,
      parts: upTo(2).map((n) => ({ events: eventsOf(1, n), command: receiptOf() })),
      snapshot,
    })
    expect(await store.load(stream)).toEqual({ version: 2, closed: false, snapshot, events: [] })
  },

  'refuses a group that names one command id twice': async (context) => {
    const { store, tenantId } = context
    const id = uuidv7()
    const parts = [
      { events: eventsOf(1), command: receiptOf('one', id) },
      { events: eventsOf(1), command: receiptOf('one', id.toUpperCase()) },
    ]
    await refusal('CAIRN_INVALID_INPUT', store.appendGroup({ stream: streamIn(tenantId), expected: 0, parts }))
    await expectNothingStored(context)
  },

  'refuses a group without parts, and one with neither events nor commands': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    await refusal('CAIRN_INVALID_INPUT', store.appendGroup({ stream, expected: 0, parts: [] }))
    await refusal('CAIRN_INVALID_INPUT', store.appendGroup({ stream, expected: 0, parts: [{ events: [] }, { events: [] }] }))
    await expectNothingStored(context)
  },

  'stores nothing of a group when one part holds a bad event': async (context) => {
    const { store, tenantId } = context
    const bad = { ...eventOf(), id: 'not-a-uuid' }
    const parts = [
      { events: eventsOf(2), command: receiptOf() },
      { events: [bad], command: receiptOf() },
    ]
    await refusal('CAIRN_INVALID_INPUT', store.appendGroup({ stream: streamIn(tenantId), expected: 0, parts }))
    expect(await logOf(store, tenantId)).toEqual([])
  },

  'refuses a group on a closed stream': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    await store.close(stream)
    await refusal('CAIRN_STREAM_CLOSED', store.appendGroup({ stream, expected: 1, parts: [{ events: eventsOf(1), command: receiptOf() }] }))
    expect(await eventsIn(store, stream)).toHaveLength(1)
  },
})
