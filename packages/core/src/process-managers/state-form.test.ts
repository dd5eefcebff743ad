import { expect, test } from 'vitest'
import { z } from 'zod'
import { versions } from '../definition/versions.ts'
import { DefinitionError } from '../errors/domain.ts'
import { SchemaValidationError } from '../errors/input.ts'
import { stateForm } from './state-form.ts'

const day = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
const initial = () => ({})
const noon = '2031-05-01T12:00:00.000Z'

test('a state is stored by its newest schema, and read back as it was', () => {
  const form = stateForm('guide', {
    state: versions(z.object({ at: z.string() }))
      .next(z.object({ due: day }))
      .from(({ at }) => ({ due: at })),
    initial,
  })
  expect(form.version).toBe(2)
  const stored = form.store({ due: new Date(noon) })
  expect(stored).toEqual({ due: noon })
  expect(form.read(2, stored)).toEqual({ due: new Date(noon) })
  expect(form.read(1, { at: noon })).toEqual({ due: new Date(noon) })
})

test('a state that its schema refuses, or would keep a part of, is not stored', () => {
  const form = stateForm('guide', { state: z.object({ due: day, stops: z.array(z.object({ n: z.int() })) }), initial })
  expect(() => form.store({ due: noon, stops: [] })).toThrow(SchemaValidationError)
  const withMore = { due: new Date(noon), stops: [{ n: 1 }, { n: 2, name: 'mill' }] }
  expect(() => form.store(withMore)).toThrow(/process manager guide does not keep "stops\.1\.name"/)
  expect(form.store({ due: new Date(noon), stops: [{ n: 1, name: undefined }] })).toEqual({ due: noon, stops: [{ n: 1 }] })
})

test('what a schema fills in or makes even is no loss', () => {
  const form = stateForm('guide', { state: z.object({ n: z.int().default(7), name: z.string().trim() }), initial })
  expect(form.store({ name: ' mill ' })).toEqual({ n: 7, name: 'mill' })
})

test('instances that begin with nothing begin with null, whatever the schema', () => {
  const form = stateForm('guide', { state: z.object({ due: day }) })
  expect(form.read(1, form.store(null))).toBeNull()
  expect(() => stateForm('guide', { state: z.object({ due: day }), initial }).store(null)).toThrow(SchemaValidationError)
})

test('an instance that began before there was an initial state is read as it is', () => {
  expect(stateForm('guide', { state: z.object({ due: day }), initial }).read(1, null)).toBeNull()
})

test('without a schema a state is what comes back from JSON', () => {
  const { store } = stateForm('guide', {})
  expect(Object.keys(store({ a: 1, b: undefined }) as object)).toEqual(['a'])
  expect(store(-0)).toBe(0)
  expect(store(undefined)).toBeNull()
  const plain = { a: [1, { b: 'x' }], c: Object.assign(Object.create(null) as object, { d: true }) }
  expect(store(plain)).toBe(plain)
})

const endless: { self?: unknown } = {}
endless.self = endless

test.each<[unknown, RegExp]>([
  [{ due: new Date(noon) }, /holds a Date at "due".*state schema with a codec/],
  [{ a: [{ seen: new Map() }] }, /holds a Map at "a\.0\.seen"/],
  [new Set(), /process manager guide holds a Set,/],
  [{ run: () => 1 }, /holds a function at "run"/],
  [{ n: 1n }, /holds a bigint at "n"/],
  [endless, /nests deeper than 500 levels/],
])('without a schema, what JSON does not have is refused: %#', (state, message) => {
  const { store } = stateForm('guide', {})
  expect(() => store(state)).toThrow(DefinitionError)
  expect(() => store(state)).toThrow(message)
})
