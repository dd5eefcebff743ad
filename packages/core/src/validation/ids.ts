import type { StreamKey } from '../contracts/stream-key.ts'
import { InvalidInputError } from '../errors/input.ts'
import { isUuid } from '../ids/uuid.ts'

/** Tenant ids, aggregate types and aggregate ids have at most so many characters (code points). */
export const maxIdLength = 200

/** @throws InvalidInputError unless it is text of 1..200 characters without NUL and lone surrogates */
function assertIdText(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new InvalidInputError(field, `${field} must be text, not ${kindOf(value)}.`, {})
  if (value.length === 0) throw new InvalidInputError(field, `${field} is empty; it needs 1 to ${maxIdLength} characters.`)
  if (value.length > maxIdLength && (value.length > maxIdLength * 2 || [...value].length > maxIdLength)) {
    throw new InvalidInputError(field, `${field} is longer than ${maxIdLength} characters: "${value.slice(0, 40)}…".`, {
      length: value.length,
    })
  }
  if (value.includes('\0')) throw new InvalidInputError(field, `${field} holds a NUL character (U+0000), which PostgreSQL cannot store.`)
  if (!value.isWellFormed()) throw new InvalidInputError(field, `${field} holds half of a surrogate pair, which is not valid Unicode.`)
}

/** @throws InvalidInputError */
export function assertTenantId(value: unknown): asserts value is string {
  assertIdText('tenantId', value)
}

/** The full type of a command or an event. @throws InvalidInputError */
export function assertTypeName(field: string, value: unknown): asserts value is string {
  assertIdText(field, value)
}

/** @param field how the caller calls it, for the message: 'orderId' @throws InvalidInputError */
export function assertAggregateId(field: string, value: unknown): asserts value is string {
  assertIdText(field, value)
}

/** @throws InvalidInputError */
export function assertStreamKey(key: StreamKey): void {
  assertIdText('tenantId', key.tenantId)
  assertIdText('aggregateType', key.aggregateType)
  assertIdText('aggregateId', key.aggregateId)
}

/** Event and command ids. @throws InvalidInputError unless it is a UUID in its usual spelling, of any version */
export function assertUuid(field: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && isUuid(value)) return
  const shown = typeof value === 'string' ? `"${value.slice(0, 60)}"` : kindOf(value)
  throw new InvalidInputError(
    field,
    `${field} must be a UUID (any version, like 018f4e1c-7b1a-7c3e-9d2f-0123456789ab), not ${shown}. ` +
      `To make one from a key of your own, use derivedUuid('my-scope', key).`,
  )
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}
