import { InvalidInputError } from '@cairn/core'

export interface RouterOptions {
  /** Commands in one update, at most. @default 500 */
  readonly maxBatch?: number | undefined
  /** Bytes of their ids in one update, at most. @default 262_144 */
  readonly maxBatchBytes?: number | undefined
  /** Aggregates with an update in flight, at once. @default 100 */
  readonly maxInFlight?: number | undefined
  /** Commands that may wait in this process; more are refused with a `RouterFullError`. @default 100_000 */
  readonly maxWaiting?: number | undefined
  /** How long an update is tried while the server or the workers are away, milliseconds. @default 30_000 */
  readonly giveUpAfterMs?: number | undefined
  /** How long one try may take, milliseconds. @default 10_000 */
  readonly tryMs?: number | undefined
  /** A workflow completes when nothing came for so long (at most twice as long), milliseconds. @default 60_000 */
  readonly idleMs?: number | undefined
  /** A workflow continues as new from so many history events on, or earlier when the server suggests it. @default 2_000 */
  readonly maxHistoryEvents?: number | undefined
}

export type ResolvedRouterOptions = { readonly [K in keyof RouterOptions]-?: number }

const defaults: ResolvedRouterOptions = {
  maxBatch: 500,
  maxBatchBytes: 262_144,
  maxInFlight: 100,
  maxWaiting: 100_000,
  giveUpAfterMs: 30_000,
  tryMs: 10_000,
  idleMs: 60_000,
  maxHistoryEvents: 2_000,
}

/** Fills in defaults. @throws InvalidInputError naming the field */
export function resolveRouterOptions(options: RouterOptions = {}): ResolvedRouterOptions {
  const number = (field: keyof RouterOptions): number => {
    const value = options[field] ?? defaults[field]
    if (Number.isSafeInteger(value) && value >= 1) return value
    throw new InvalidInputError(field, `${field} must be a whole number from 1 on, not ${value}.`)
  }
  return Object.freeze({
    maxBatch: number('maxBatch'),
    maxBatchBytes: number('maxBatchBytes'),
    maxInFlight: number('maxInFlight'),
    maxWaiting: number('maxWaiting'),
    giveUpAfterMs: number('giveUpAfterMs'),
    tryMs: number('tryMs'),
    idleMs: number('idleMs'),
    maxHistoryEvents: number('maxHistoryEvents'),
  })
}
