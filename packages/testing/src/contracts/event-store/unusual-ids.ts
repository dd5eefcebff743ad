import type { StreamKey } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, receiptOf } from './given.ts'
import { eventsIn, logOf } from './observe.ts'

/** Texts that somebody's escaping, splitting or comparing might take for one another. */
const unusual = [
  'a/b',
  'a//b',
  '/a',
  'a/',
  "it's",
  '"quoted"',
  'a"b',
  "'; drop table events; --",
  '100%',
  '100_',
  'a\\b',
  'a\\\\b',
  '{a,b}',
  '{"a":1}',
  'NULL',
  'null',
  '(a,b)',
  'a,b',
  ' a',
  'a ',
  'A',
  'a',
  'tab\tnewline\n',
  '🙂',
  '👩‍👩‍👧‍👦',
  '\u00e9', // é in one code point
  'e\u0301', // é as e and a combining accent
  '例え',
  '__proto__',
  'constructor',
  '$bus',
  '0',
  '-1',
  '\u0001',
  '\uffff',
  'x'.repeat(200),
  `${'x'.repeat(199)}y`,
  '🙂'.repeat(200),
]

async function expectApart({ store }: EventStoreContext, streams: readonly StreamKey[]): Promise<void> {
  const results = await Promise.all(
    streams.map((stream, n) => store.append({ stream, expected: 0, events: [eventOf('order.noted', { n })], command: receiptOf() })),
  )
  for (const [n, stream] of streams.entries()) {
    expect(results[n]?.stream).toEqual(stream)
    const stored = await eventsIn(store, stream)
    expect(stored).toEqual(results[n]?.events)
    expect(stored).toMatchObject([{ ...stream, version: 1, payload: { n } }])
    expect(await store.load(stream)).toMatchObject({ version: 1, events: [{ payload: { n } }] })
  }
  expect(await store.existsAll(streams)).toBe(true)
}

export const unusualIds = contractGroup<EventStoreContext>('unusual ids', {
  'name aggregates that never meet': async (context) => {
    const { store, tenantId } = context
    const streams = unusual.map((aggregateId) => ({ tenantId, aggregateType: 'order', aggregateId }))
    await expectApart(context, streams)
    expect((await logOf(store, tenantId)).map((event) => event.aggregateId).toSorted()).toEqual(unusual.toSorted())
    for (const aggregateId of unusual) expect((await store.query({ tenantId, aggregateId })).events).toHaveLength(1)
  },

  'name aggregate types that never meet': async (context) => {
    const { store, tenantId } = context
    await expectApart(
      context,
      unusual.map((aggregateType) => ({ tenantId, aggregateType, aggregateId: 'same' })),
    )
    for (const aggregateType of unusual) expect((await store.query({ tenantId, aggregateType })).events).toHaveLength(1)
  },

  'name tenants that never meet': async (context) => {
    const { store } = context
    // The case's own tenant name makes them fresh; where an id leaves no room for it, the name stands in the aggregate id.
    await expectApart(
      context,
      unusual.map((tenantId) => ({ tenantId, aggregateType: 'order', aggregateId: context.tenantId })),
    )
    for (const tenantId of unusual) {
      expect((await store.query({ tenantId, aggregateId: context.tenantId })).events).toHaveLength(1)
    }
  },

  'do not meet when text moves from one part of the key to another': async (context) => {
    const { tenantId } = context
    const split = [
      ['a/b', 'c'],
      ['a', 'b/c'],
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['ab', 'c'],
      ['a', 'bc'],
      ['a,b', 'c'],
      ['a', 'b,c'],
    ]
    await expectApart(
      context,
      split.map(([aggregateType = '', aggregateId = '']) => ({ tenantId, aggregateType, aggregateId })),
    )
  },

  'do not trouble the type of an event': async ({ store, tenantId }) => {
    const types = unusual.map((text) => `order.${text}`)
    const stream = { tenantId, aggregateType: 'order', aggregateId: 'typed' }
    await store.append({ stream, expected: 0, events: types.map((type) => eventOf(type)) })
    expect((await eventsIn(store, stream)).map((event) => event.type)).toEqual(types)
    for (const type of types) expect((await store.readAll({ tenantId, types: [type] })).events).toHaveLength(1)
  },
})
