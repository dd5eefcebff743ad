import { InvalidInputError } from '../errors/index.ts'
import { jitteredBackoff, type Backoff } from './backoff.ts'

export interface DecisionOptions {
  /**
   * How often a group of commands is decided before a version conflict is reported; from 1 on. With the default pauses,
   * 16 processes that never stop writing to one aggregate needed up to 27 attempts, and 32 as many (measured).
   * @default 40
   */
  readonly maxAttempts?: number | undefined
  /** How often a retryable refusal of the domain is tried again. @default 3 */
  readonly maxRetries?: number | undefined
  /** How many commands for one aggregate may leave as one append; from 1 on. @default 500 */
  readonly maxGroupCommands?: number | undefined
  /** How many events such an append may hold. @default 2_000 */
  readonly maxGroupEvents?: number | undefined
  /** About how many characters of JSON such an append may hold. @default 2_097_152 */
  readonly maxGroupSize?: number | undefined
  /** Keeps type and payload of each command beside its receipt. @default false */
  readonly audit?: boolean | undefined
  /** The pause before a repetition. @default random, at most 100 ms */
  readonly backoff?: Backoff | undefined
}

export interface DecisionSettings {
  readonly maxAttempts: number
  readonly maxRetries: number
  readonly maxGroupCommands: number
  readonly maxGroupEvents: number
  readonly maxGroupSize: number
  readonly audit: boolean
  readonly backoff: Backoff
}

/** @throws InvalidInputError naming the field */
export function resolveDecisionOptions(options: DecisionOptions): DecisionSettings {
  return Object.freeze({
    maxAttempts: wholeNumber('maxAttempts', options.maxAttempts ?? 40, 1),
    maxRetries: wholeNumber('maxRetries', options.maxRetries ?? 3, 0),
    maxGroupCommands: wholeNumber('maxGroupCommands', options.maxGroupCommands ?? 500, 1),
    maxGroupEvents: wholeNumber('maxGroupEvents', options.maxGroupEvents ?? 2_000, 1),
    maxGroupSize: wholeNumber('maxGroupSize', options.maxGroupSize ?? 2_097_152, 1),
    audit: options.audit ?? false,
    backoff: options.backoff ?? jitteredBackoff,
  })
}

function wholeNumber(field: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new InvalidInputError(field, `${field} must be a whole number from ${min} on, not ${String(value)}.`)
}
