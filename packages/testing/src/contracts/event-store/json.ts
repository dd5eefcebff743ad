import * as fc from 'fast-check'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { canonicalJson } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { appendOne, eventOf, eventsOf, receiptOf, streamIn } from './given.ts'
import { eventsIn, logOf } from './observe.ts'

/** Any well-formed text without NUL; keys that name properties of every object come up often. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replaceAll('\0', '0')) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', '', '0', '\\u0000', 'ключ', '🙂') },
)
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0.1, 1e21, 5e-324, Number.MAX_VALUE, 2 ** 53),
)
const bigAsText = fc.bigInt().map(String)

const { json } = fc.letrec<{ json: unknown; array: unknown[]; object: Record<string, unknown> }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    bigAsText,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('json'), { maxLength: 5 }),
  // From entries, not from a record: only so does __proto__ become a key of its own.
  object: fc.array(fc.tuple(text, tie('json')), { maxLength: 5 }).map((entries): Record<string, unknown> => Object.fromEntries(entries)),
}))

export const jsonValues = contractGroup<EventStoreContext>('JSON', {
  'payloads, metadata and snapshots of any shape come back as they went in': async (context) => {
    const { store, tenantId } = context
    const property = fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 10 }), json, json, async (payloads, extra, state) => {
      const stream = streamIn(tenantId)
      const events = payloads.map((payload) => eventOf('order.noted', payload, { extra }))
      const snapshot = { version: events.length, schemaVersion: 1, state }
      const command = receiptOf()
      const result = await store.append({ stream, expected: 0, events, command, snapshot })

      const wanted = contentsOf(events)
      expect(contentsOf(result.events)).toEqual(wanted)
      expect(contentsOf(await eventsIn(store, stream))).toEqual(wanted)
      expect(contentsOf((await store.query({ tenantId, aggregateId: stream.aggregateId })).events)).toEqual(wanted)
      expect(contentsOf((await store.resultOf(tenantId, command))?.events ?? [])).toEqual(wanted)
      const whole = await store.load(stream, { useSnapshot: false })
      expect(whole.events.map((event) => canonicalJson(event.payload))).toEqual(payloads.map(canonicalJson))
      expect(canonicalJson((await store.load(stream)).snapshot)).toBe(canonicalJson(snapshot))
    })
    await fc.assert(property, { numRuns: 60 })
  },

  'keeps a key named __proto__ as a key, and changes no prototype': async (context) => {
    const stream = streamIn(context.tenantId)
    const payload: unknown = JSON.parse('{"__proto__": {"admin": true}, "constructor": {"prototype": {"admin": true}}}')
    await appendOne(context, stream, eventOf('order.noted', payload))
    const [found] = await eventsIn(context.store, stream)
    expect(canonicalJson(found?.payload)).toBe(canonicalJson(payload))
    expect(Object.getPrototypeOf(found?.payload)).toBe(Object.prototype)
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  },

  'keeps whole numbers beyond 2^53 that travel as text': async (context) => {
    const stream = streamIn(context.tenantId)
    const payload = { amount: '123456789012345678901234567890', exact: Number.MAX_SAFE_INTEGER }
    await appendOne(context, stream, eventOf('order.noted', payload))
    expect((await context.store.load(stream)).events[0]?.payload).toEqual(payload)
  },
})

export const history = contractGroup<EventStoreContext>('history', {
  'does not change when a caller changes what it was given': async ({ store, tenantId }) => {
    const stream = Object.freeze(streamIn(tenantId))
    const command = receiptOf()
    const snapshot = { version: 1, schemaVersion: 1, state: { list: ['kept'] } }
    const payload = { list: ['kept'] }
    const result = await store.append({
      stream,
      expected: 0,
      events: [eventOf('order.noted', payload, { extra: ['kept'] })],
      command,
      snapshot,
    })
    const reads = async (): Promise<readonly unknown[]> => [
      await eventsIn(store, stream),
      await logOf(store, tenantId),
      (await store.query({ tenantId })).events,
      await store.load(stream),
      await store.load(stream, { useSnapshot: false }),
      await store.resultOf(tenantId, command),
      await store.countByType(tenantId),
    ]
    const before = JSON.stringify(await reads())
    // What went in, what came out, and what is read later: spoil every object in all of them.
    for (const given of [payload, snapshot, result, ...(await reads())]) spoil(given)
    expect(JSON.stringify(await reads())).toBe(before)
  },

  'does not change when a caller changes its request or its stream key after the append': async ({ store, tenantId }) => {
    const stream = { ...streamIn(tenantId) }
    const key = { ...stream }
    const events = [...eventsOf(2)]
    await store.append({ stream, expected: 0, events })
    stream.aggregateId = 'changed'
    events.length = 0
    expect(await eventsIn(store, key)).toMatchObject([key, key])
    expect((await logOf(store, tenantId)).map((event) => event.aggregateId)).toEqual([key.aggregateId, key.aggregateId])
  },
})

function contentsOf(events: readonly { readonly id: string; readonly payload: unknown; readonly metadata: unknown }[]): readonly string[] {
  return events.map(({ id, payload, metadata }) => canonicalJson({ id, payload, metadata }))
}

function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Date) {
    value.setTime(0)
    return
  }
  for (const inner of Object.values(value)) spoil(inner, seen)
  if (Object.isFrozen(value)) return
  if (Array.isArray(value)) value.push('spoiled')
  else for (const key of Object.keys(value)) Reflect.set(value, key, 'spoiled')
}
