import { isCairnError } from '../errors/index.ts'
import type { StatusChange } from '../ports/index.ts'
import { failureWithoutDetails } from './command-failure.ts'

/**
 * The end of a command without what the store refused to keep, for a second try: its result, or the details of its failure.
 * Undefined where that would not help.
 */
export function bareChange(change: StatusChange, reason: unknown): StatusChange | undefined {
  if (!isCairnError(reason, 'CAIRN_INVALID_INPUT') && !isCairnError(reason, 'CAIRN_PAYLOAD_TOO_LARGE')) return undefined
  if (change.status === 'processed') return { status: 'processed' }
  return change.status === 'failed' ? { status: 'failed', error: failureWithoutDetails(change.error, reason) } : undefined
}
