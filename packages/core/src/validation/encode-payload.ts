import { InvalidInputError, PayloadTooLargeError } from '../errors/input.ts'
import { endOfString } from './json-text.ts'
import { addedByExponents } from './printed-numbers.ts'

/** 1 MiB. */
export const defaultMaxPayloadBytes = 1_048_576
/** How deep objects and arrays may nest: PostgreSQL's jsonb parser gives up a few thousand levels down. */
export const maxPayloadDepth = 500

/**
 * The JSON text of a payload, after the checks that need no schema: JSON-stable numbers, no NUL, no lone surrogates,
 * no bottomless nesting, at most `limit` bytes of UTF-8, its numbers as PostgreSQL prints them. Stores call it once per payload and send the text as it is.
 * @param what for messages: 'event order.created'
 * @throws InvalidInputError, PayloadTooLargeError
 */
export function encodePayload(what: string, value: unknown, limit: number = defaultMaxPayloadBytes): string {
  const text = stringify(what, value)
  // JSON.stringify writes NUL and lone surrogates as \u escapes, and only those and other control characters.
  if (text.includes('\\u')) refuseEscapes(what, text)
  // Each level takes two characters at least.
  if (text.length > 2 * maxPayloadDepth) refuseDepth(what, text)
  // NaN, infinities, and what is undefined inside an array were written as null.
  if (text.includes('null')) refuseLost(what, value, '')
  const added = addedByExponents(text)
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (text.length * 3 + added > limit) {
    const bytes = Buffer.byteLength(text) + added
    if (bytes > limit) throw new PayloadTooLargeError(what, bytes, limit)
  }
  return text
}

function stringify(what: string, value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidInputError('payload', `The payload of ${what} cannot be written as JSON: ${reason}`, { what })
  }
  if (text === undefined)
    throw new InvalidInputError('payload', `The payload of ${what} is ${typeof value}, which JSON does not have.`, { what })
  return text
}

// An escape begins at a backslash that is not itself escaped: an even number of backslashes stands before it.
const nul = /(?<!\\)(?:\\\\)*\\u0000/
const loneSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/

function refuseEscapes(what: string, text: string): void {
  if (nul.test(text)) {
    throw new InvalidInputError(
      'payload',
      `The payload of ${what} holds a NUL character (U+0000), which PostgreSQL cannot store. Remove it, or keep binary data as base64.`,
      { what },
    )
  }
  if (loneSurrogate.test(text)) {
    throw new InvalidInputError(
      'payload',
      `The payload of ${what} holds half of a surrogate pair, which is not valid Unicode: a text was cut inside a character. Repair it with toWellFormed().`,
      { what },
    )
  }
}

function refuseLost(what: string, value: unknown, path: string): void {
  if (typeof value !== 'object') {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return
    throw new InvalidInputError('payload', `The payload of ${what} holds ${String(value)} at ${path}, which JSON cannot express.`, {
      what,
      path,
    })
  }
  if (value === null) return
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new InvalidInputError('payload', `The payload of ${what} holds an invalid date at ${path}.`, { what, path })
  }
  for (const [key, inner] of Object.entries(value)) {
    // An undefined field is left out, which is no loss; an undefined element is not.
    if (inner !== undefined || Array.isArray(value)) refuseLost(what, inner, path === '' ? key : `${path}.${key}`)
  }
}

function refuseDepth(what: string, text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = endOfString(text, i)
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > maxPayloadDepth) {
        throw new InvalidInputError('payload', `The payload of ${what} nests deeper than ${maxPayloadDepth} levels.`, { what })
      }
    } else if (c === 0x7d || c === 0x5d) depth--
  }
}
