import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { RecordedEvent } from '../contracts/event.ts'
import { DefinitionError } from '../errors/domain.ts'
import { SchemaValidationError } from '../errors/input.ts'
import { defineEvents } from './define-events.ts'
import { versions } from './versions.ts'

const events = defineEvents('order-line', {
  added: versions(z.object({ name: z.string() }))
    .next(z.object({ sku: z.string(), tags: z.array(z.string()).default([]) }))
    .from((v1) => ({ sku: v1.name })),
  removed: z.object({}),
})

function recorded(type: string, payload: unknown = {}, schemaVersion = 1): RecordedEvent {
  return {
    id: 'e',
    tenantId: 't',
    type,
    payload,
    aggregateType: 'order-line',
    aggregateId: 'a',
    version: 1,
    position: 1,
    recordedAt: new Date(0),
    metadata: { correlationId: 'c', causationId: 'c', schemaVersion },
  }
}

test('a factory makes an event with its full type, defaults filled in, and unknown fields left out', () => {
  expect(events.added({ sku: 'a' })).toEqual({ type: 'order-line.added', payload: { sku: 'a', tags: [] } })
  expect(events.removed()).toEqual({ type: 'order-line.removed', payload: {} })
  expect(events.added.type).toBe('order-line.added')
  const wider = { sku: 'a', tags: [], extra: 1 }
  expect(events.added(wider).payload).toEqual({ sku: 'a', tags: [] })
})

test('a payload that does not fit is refused with the paths of what is wrong', () => {
  const lines = defineEvents('order', { created: z.object({ lines: z.array(z.object({ quantity: z.int().positive() })) }) })
  const make = (): unknown => lines.created({ lines: [{ quantity: 1 }, { quantity: -1 }] })
  expect(make).toThrow(SchemaValidationError)
  expect(make).toThrow(
    expect.objectContaining({ issues: [{ path: 'lines.1.quantity', message: expect.stringContaining('>0') as string }] }),
  )
  expect(make).toThrow(/event order\.created does not fit its schema: lines\.1\.quantity/)
})

test('the payload is a copy: changing the argument later changes no event', () => {
  const tags = ['a']
  const event = events.added({ sku: 'x', tags })
  tags.push('b')
  expect(event.payload.tags).toEqual(['a'])
})

test('a factory knows its own events, and a set knows all of its', () => {
  expect(events.added.is(recorded('order-line.added'))).toBe(true)
  expect(events.added.is(recorded('order-line.removed'))).toBe(false)
  expect(events.is(recorded('order-line.removed'))).toBe(true)
  expect(events.is(recorded('order-line.moved'))).toBe(false)
  expect(events.is(recorded('order.added'))).toBe(false)
})

test('read gives the payload of a recorded event, lifted to the newest schema', () => {
  const old = recorded('order-line.added', { name: 'screw' })
  const now = recorded('order-line.added', { sku: 'nail', tags: ['iron'] }, 2)
  expect(events.added.is(old) && events.added.read(old)).toEqual({ sku: 'screw', tags: [] })
  expect(events.added.is(now) && events.added.read(now)).toEqual({ sku: 'nail', tags: ['iron'] })
})

test('names that cannot stand in a type are refused', () => {
  for (const bad of ['', 'Order Line', 'order.line', 'order_line', '$order', 'order-', '-order', '1order', 'orderLine', 'o'.repeat(101)]) {
    expect(() => defineEvents(bad, {})).toThrow(DefinitionError)
  }
  for (const bad of ['', 'a.b', 'a-b', '1a', '$a', 'a b', 'a'.repeat(101)]) {
    expect(() => defineEvents('order', { [bad]: z.object({}) })).toThrow(/cannot name an event of order/)
  }
  expect(() => defineEvents('order', { is: z.object({}) })).toThrow(/"is" cannot name an event of order: the set has a member of that name/)
  expect(defineEvents('OrderLine', { Added: z.object({}) }).Added.type).toBe('OrderLine.Added')
})

const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
const bigInt = z.codec(z.string().regex(/^-?\d+$/), z.bigint(), { decode: (text) => BigInt(text), encode: (n) => n.toString() })
const index = z.codec(z.array(z.tuple([z.string(), isoDate])), z.map(z.string(), z.date()), {
  decode: (pairs) => new Map(pairs),
  encode: (map) => [...map],
})
const coded = defineEvents('clock', {
  struck: z.object({
    at: isoDate,
    count: bigInt,
    flag: z.stringbool(),
    seen: index,
    text: z.string(),
    deep: z.object({ when: isoDate.nullable(), all: z.array(z.record(z.string(), bigInt.nullable())) }),
  }),
})

test('codecs: the event carries JSON, and reading gives back what went in (property)', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  const text = fc.string({ unit: 'grapheme' })
  const key = text.filter((k) => k !== '__proto__')
  const payload = fc.record({
    at: date,
    count: fc.bigInt(),
    flag: fc.boolean(),
    seen: fc.array(fc.tuple(key, date), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    text,
    deep: fc.record({
      when: fc.option(date, { nil: null }),
      all: fc.array(fc.dictionary(key, fc.option(fc.bigInt(), { nil: null }), { maxKeys: 3, noNullPrototype: true }), { maxLength: 3 }),
    }),
  })
  fc.assert(
    fc.property(payload, (value) => {
      const event = coded.struck(value)
      const stored: unknown = JSON.parse(JSON.stringify(event.payload))
      expect(stored).toEqual(event.payload)
      const back = recorded(event.type, stored)
      expect(coded.struck.is(back) && coded.struck.read(back)).toEqual(value)
    }),
    { numRuns: 200 },
  )
})

test('without codecs the event carries the payload itself: unicode, big integers as text, nested nulls (property)', () => {
  const plain = defineEvents('note', {
    taken: z.object({ text: z.string(), big: z.string(), json: z.json(), maybe: z.string().nullable() }),
  })
  const text = fc.string({ unit: 'grapheme' })
  const value = fc.record({
    text,
    big: fc.bigInt().map(String),
    json: fc.jsonValue({ maxDepth: 3 }).map(withoutProto),
    maybe: fc.option(text),
  })
  fc.assert(
    fc.property(value, (payload) => {
      const stored = JSON.parse(JSON.stringify(plain.taken(payload as never).payload)) as unknown
      const back = recorded('note.taken', stored)
      expect(JSON.stringify(plain.taken.is(back) && plain.taken.read(back))).toBe(JSON.stringify(payload))
    }),
    { numRuns: 200 },
  )
})

/** zod drops a key named __proto__, and that is as well. */
function withoutProto(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"'))
}

test('validateOnRead checks what was stored, and without it what was stored is trusted', () => {
  const trusting = defineEvents('order', { paid: z.object({ amount: z.number() }) })
  const wary = defineEvents('order', { paid: z.object({ amount: z.number() }) }, { validateOnRead: true })
  const spoiled = recorded('order.paid', { amount: 'many' })
  expect(trusting.paid.is(spoiled) && trusting.paid.read(spoiled)).toEqual({ amount: 'many' })
  expect(() => wary.paid.is(spoiled) && wary.paid.read(spoiled)).toThrow(SchemaValidationError)
})

test('a schema with an asynchronous check is refused when it is used', () => {
  const slow = defineEvents('order', { paid: z.object({ id: z.string().refine(async () => true) }) })
  expect(() => slow.paid({ id: 'x' })).toThrow(/event order\.paid has an asynchronous check/)
})
