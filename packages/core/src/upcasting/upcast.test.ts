import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { versions, type Versions } from '../definition/versions.ts'
import { UpcastError } from '../errors/domain.ts'
import { readStored, upcast } from './upcast.ts'
import { versionedSchema } from './versioned-schema.ts'

const chain = versions(z.object({ customer: z.string() }))
  .next(z.object({ customerId: z.string() }))
  .from((v1) => ({ customerId: v1.customer }))
  .next(z.object({ customerId: z.string(), currency: z.string().default('EUR') }))
  .from((v2) => v2)
const created = versionedSchema('event order.created', chain)

test('a stored payload is lifted step by step, defaults of the new schema filled in', () => {
  expect(upcast(created, 1, { customer: 'c' })).toEqual({ customerId: 'c', currency: 'EUR' })
  expect(upcast(created, 2, { customerId: 'c' })).toEqual({ customerId: 'c', currency: 'EUR' })
})

test('the newest comes back as it is', () => {
  const stored = { customerId: 'c', currency: 'USD', extra: 1 }
  expect(upcast(created, 3, stored)).toBe(stored)
})

test('a version that this process does not know is an error that says so', () => {
  expect(() => upcast(created, 4, {})).toThrow(UpcastError)
  expect(() => upcast(created, 4, {})).toThrow(/has schema version 4, but this process knows only up to 3/)
  for (const bad of [0, -1, 1.5, Number.NaN]) expect(() => upcast(created, bad, {})).toThrow(UpcastError)
})

test('a step that throws, or gives what its schema refuses, is an error that names the step and keeps the cause', () => {
  const broken = versionedSchema(
    'event order.created',
    versions(z.object({ n: z.number() }))
      .next(z.object({ n: z.number() }))
      .from((old) => {
        if (old.n < 0) throw new RangeError('negative')
        return { n: `${old.n}` as never }
      }),
  )
  expect(() => upcast(broken, 1, { n: -1 })).toThrow(
    expect.objectContaining({ code: 'CAIRN_UPCAST', cause: expect.any(RangeError) as Error }),
  )
  expect(() => upcast(broken, 1, { n: 1 })).toThrow(
    expect.objectContaining({ code: 'CAIRN_UPCAST', cause: expect.objectContaining({ code: 'CAIRN_SCHEMA_VALIDATION' }) as Error }),
  )
  expect(() => upcast(broken, 1, { n: 1 })).toThrow(/event order\.created of schema version 1 could not be lifted to version 2/)
})

test('property: however long the chain and wherever it starts, every step is applied once and in order', () => {
  const step = z.object({ trail: z.array(z.number()) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.integer()), fc.nat(), (length, trail, from) => {
      let versionChain: Versions<typeof step> = versions(step)
      for (let version = 2; version <= length; version++)
        versionChain = versionChain.next(step).from((old) => ({ trail: [...old.trail, version] }))
      const start = 1 + (from % length)
      const expected = [...trail, ...Array.from({ length: length - start }, (_, i) => start + 1 + i)]
      expect(upcast(versionedSchema('event a.b', versionChain), start, { trail })).toEqual({ trail: expected })
    }),
  )
})

test('property: lifting in one go is lifting step by step', () => {
  const field = z.object({ a: z.number(), b: z.string().default('b'), c: z.boolean().default(true) })
  const second = versions(z.object({ a: z.number() }))
    .next(z.object({ a: z.number(), b: z.string().default('b') }))
    .from((old) => old)
  const whole = versionedSchema(
    'event a.b',
    second.next(field).from((old) => old),
  )
  const half = versionedSchema('event a.b', second)
  fc.assert(
    fc.property(fc.integer(), (a) => {
      expect(upcast(whole, 2, upcast(half, 1, { a }))).toEqual(upcast(whole, 1, { a }))
    }),
  )
})

test('with a codec, lifting works on JSON and reading decodes', () => {
  const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  const dated = versionedSchema(
    'event order.shipped',
    versions(z.object({ day: z.string() }))
      .next(z.object({ at: isoDate }))
      .from((v1) => ({ at: `${v1.day}T00:00:00.000Z` }))
      .next(z.object({ at: isoDate, by: isoDate }))
      .from((v2) => ({ at: v2.at, by: v2.at })),
  )
  const at = '2026-11-21T00:00:00.000Z'
  expect(upcast(dated, 1, { day: '2026-11-21' })).toEqual({ at, by: at })
  expect(readStored(dated, 1, { day: '2026-11-21' })).toEqual({ at: new Date(at), by: new Date(at) })
  expect(readStored(dated, 3, { at, by: at })).toEqual({ at: new Date(at), by: new Date(at) })
  expect(() => readStored(dated, 3, { at: 'soon', by: at })).toThrow(UpcastError)
  expect(() => upcast(dated, 1, { day: 'someday' })).toThrow(UpcastError)
})
