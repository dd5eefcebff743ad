import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { derivedUuid, isUuid, uuidv7 } from './uuid.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a UUIDv7 has the version, the variant and the time of its making', () => {
  const before = Date.now()
  const id = uuidv7()
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  // Many ids in one millisecond run ahead of the clock; here there were few.
  expect(Math.abs(ms - before)).toBeLessThan(1_000)
})

test('UUIDv7s of one process ascend and never repeat, also when made faster than 4,096 in a millisecond', () => {
  const ids = Array.from({ length: 50_000 }, uuidv7)
  expect(new Set(ids).size).toBe(ids.length)
  // A comparison of one id each, so that a failure does not print them all.
  expect(ids.findIndex((id, i) => i > 0 && id <= (ids[i - 1] ?? ''))).toBe(-1)
})

test('UUIDv7s ascend when the clock goes back', () => {
  vi.useFakeTimers({ now: Date.now() + 60_000 })
  const first = uuidv7()
  vi.setSystemTime(Date.now() - 3_600_000)
  expect(uuidv7() > first).toBe(true)
})

test('a derived id is a UUIDv8, the same for the same parts', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (parts) => {
      const id = derivedUuid(...parts)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(derivedUuid(...parts)).toBe(id)
    }),
  )
})

test('derived ids of different parts differ, however the parts are cut', () => {
  expect(derivedUuid('a', 'bc')).not.toBe(derivedUuid('ab', 'c'))
  expect(derivedUuid('a', '')).not.toBe(derivedUuid('a'))
  expect(derivedUuid('1:a')).not.toBe(derivedUuid('1', 'a'))
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.array(text), fc.array(text), (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b))
      expect(derivedUuid(...a)).not.toBe(derivedUuid(...b))
    }),
  )
})

test('any version of UUID is one, in either case, and nothing else is', () => {
  expect(isUuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe(true)
  expect(isUuid('6BA7B810-9DAD-41D1-80B4-00C04FD430C8')).toBe(true)
  expect(isUuid(uuidv7())).toBe(true)
  for (const no of ['', 'x', '6ba7b8109dad11d180b400c04fd430c8', '{6ba7b810-9dad-11d1-80b4-00c04fd430c8}', `${uuidv7()}\n`])
    expect(isUuid(no)).toBe(false)
})
