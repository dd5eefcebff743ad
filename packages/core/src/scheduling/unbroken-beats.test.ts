import { expect, test } from 'vitest'
import { UnbrokenBeats } from './unbroken-beats.ts'

test('beats are unbroken from the first one on, until one fails or comes too late', () => {
  let now = 1_000
  const beats = new UnbrokenBeats(100, () => now)
  expect(beats.ranFor(0)).toBe(true)
  expect(beats.ranFor(1)).toBe(false)
  beats.beat()
  now += 90
  beats.beat()
  expect(beats.ranFor(90)).toBe(true)
  expect(beats.ranFor(91)).toBe(false)
  now += 101
  beats.beat()
  expect(beats.ranFor(1)).toBe(false)
  now += 50
  beats.beat()
  expect(beats.ranFor(50)).toBe(true)
  beats.failed()
  expect(beats.ranFor(1)).toBe(false)
  now += 10
  beats.beat()
  now += 20
  expect(beats.ranFor(21)).toBe(false)
  expect(beats.ranFor(20)).toBe(true)
})
