import { InvalidInputError } from '@cairn/core'

/** @throws InvalidInputError unless the value is a whole number from `min` to `max` */
export function assertWholeNumber(field: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new InvalidInputError(field, `${field} must be a whole number from ${min} to ${max}, not ${String(value)}.`, { min, max })
}
