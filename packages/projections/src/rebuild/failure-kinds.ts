import { EventHandlingFailure, isCairnError, isLeaseLost, isTransient, TooManyParkedError } from '@cairn/core'

/** A failure of the way to the database, of a limit there, or of the lease, which another try may not meet. */
export function mayHeal(error: unknown): boolean {
  return (
    isTransient(error) ||
    isLeaseLost(error) ||
    isCairnError(error, 'CAIRN_IDLE_COMMIT') ||
    isCairnError(error, 'CAIRN_STATEMENT_STOPPED') ||
    isCairnError(error, 'CAIRN_TRANSACTION_ROLLED_BACK')
  )
}

/** SQLSTATE classes that are about the values written: data exceptions, violated constraints. */
const classesOfValues: readonly string[] = ['22', '23', '44']

/** A missing privilege or table, a full disk: an error of a statement that no event is to blame for. */
function isOfTheDatabase(error: unknown): boolean {
  if (!(error instanceof Error) || isCairnError(error) || !('code' in error) || typeof error.code !== 'string') return false
  // EPIPE, of a socket of the handler's own, has five capitals too.
  return /^(?!E[A-Z]+$)[0-9A-Z]{5}$/.test(error.code) && !classesOfValues.includes(error.code.slice(0, 2))
}

/** A commit failed, and not while the rows were written. */
export class CommitFailure extends Error {
  override readonly name = 'CommitFailure'

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** True where an event, or the code that handles it, is to blame. */
export function isOfAnEvent(error: unknown): boolean {
  return !mayHeal(error) && !isOfTheDatabase(error) && !(error instanceof CommitFailure || error instanceof TooManyParkedError)
}

/** What a handler threw, without what the processor wrapped around it. */
export function causeOf(error: unknown): unknown {
  return error instanceof EventHandlingFailure && error.cause !== undefined ? error.cause : error
}
