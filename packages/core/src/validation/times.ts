import { InvalidInputError } from '../errors/input.ts'

/** @throws InvalidInputError unless it is a Date that stands for a time */
export function assertTime(field: string, value: unknown): asserts value is Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return
  throw new InvalidInputError(field, `${field} must be a valid Date.`)
}
