import { isCairnError } from '../errors/index.ts'
import type { CommandFailure } from '../ports/index.ts'

/** An error as it is kept with a failed command. What is not a Cairn error has the code `CAIRN_UNEXPECTED`. */
export function commandFailure(error: unknown): CommandFailure {
  if (isCairnError(error)) {
    const { code, message, retryable, details } = error
    return Object.keys(details).length === 0 ? { code, message, retryable } : { code, message, retryable, details }
  }
  return { code: 'CAIRN_UNEXPECTED', message: error instanceof Error ? error.message : String(error), retryable: false }
}
