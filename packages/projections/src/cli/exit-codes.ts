import { isCairnError } from '@cairn/core'
import type { RebuildOutcome } from '../rebuild/progress.ts'

/** What the command leaves with. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Finished, and some events are parked. */
  parked: 3,
  /** Stopped; the same command goes on from there. */
  cancelled: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A failure outweighs being stopped, and that outweighs parked events. */
export function exitCodeOf(outcomes: readonly RebuildOutcome[]): ExitCode {
  const has = (status: RebuildOutcome['status']): boolean => outcomes.some((outcome) => outcome.status === status)
  if (has('failed')) return exitCodes.failed
  if (has('cancelled')) return exitCodes.cancelled
  return outcomes.some((outcome) => outcome.parked > 0) ? exitCodes.parked : exitCodes.ok
}

/** Errors of the call itself: what was asked for does not exist, or does not go together. */
export function exitCodeOfError(error: unknown): ExitCode {
  const isUsage = isCairnError(error, 'CAIRN_UNKNOWN_PROJECTION') || isCairnError(error, 'CAIRN_INVALID_INPUT')
  return isUsage ? exitCodes.usage : exitCodes.failed
}
