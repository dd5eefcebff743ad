import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToText, textToBytes } from './bytes-to-text.ts'

// Bytes that collide when escapes are careless: percent signs, hex digits, broken and whole UTF-8.
const trickyBytes = fc
  .array(fc.constantFrom('%', '4', '1', 'f', 'F', '\xff', '\xc3', '\xa9', '\xed\xa0\x80', '\xe2\x82', '\xf0\x9f\xaa\xa8', '\n', '\0', 'z'))
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))
const anyBytes = fc.oneof(
  trickyBytes,
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)

describe('bytesToText', () => {
  it.each([
    ['plain/ünï.txt', 'plain/ünï.txt'],
    ['100%.txt', '100%.txt'],
    ['%zz', '%zz'],
    ['%41', '%2541'],
    ['\ufeffbom', '\ufeffbom'],
  ])('keeps UTF-8 %j as %j', (text, expected) => {
    expect(bytesToText(Buffer.from(text, 'utf8'))).toBe(expected)
  })

  it.each([
    ['latin-\xe9', 'latin-%E9'],
    ['\xed\xa0\x80', '%ED%A0%80'],
    ['cut-\xe2\x82', 'cut-%E2%82'],
    ['%\xff', '%%FF'],
    ['\xc3\xa9\xff', 'é%FF'],
  ])('writes bytes that are not UTF-8 as escapes: %j', (bytes, expected) => {
    expect(bytesToText(Buffer.from(bytes, 'latin1'))).toBe(expected)
  })

  it('leads back to the same bytes, so no two names meet', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(textToBytes(bytesToText(bytes))).toEqual(bytes)
      }),
      { numRuns: 2_000 },
    )
  })

  it('makes text that PostgreSQL and JSON take: no NUL, no half of a surrogate pair', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = bytesToText(bytes)
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toContain('\0')
      }),
    )
  })
})
