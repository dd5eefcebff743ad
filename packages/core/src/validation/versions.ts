import type { ExpectedVersion } from '../contracts/expected-version.ts'
import { InvalidInputError } from '../errors/input.ts'

/** A version of a stream or a position of the log. @throws InvalidInputError unless it is a safe integer, 0 or more */
export function assertVersion(field: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return
  throw new InvalidInputError(field, `${field} must be a whole number, 0 or more and at most 2^53 - 1, not ${show(value)}.`)
}

/** @throws InvalidInputError unless it is a version, `'any'` or `'exists'` */
export function assertExpectedVersion(value: unknown): asserts value is ExpectedVersion {
  if (value === 'any' || value === 'exists') return
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return
  throw new InvalidInputError(
    'expected',
    `The expected version must be a whole number (0 = the stream must not exist), 'any' or 'exists', not ${show(value)}.`,
  )
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 40)}"` : typeof value === 'object' && value !== null ? 'an object' : String(value)
}
