import { setTimeout as sleep } from 'node:timers/promises'
import {
  ContextRefusedError,
  DatabaseUnavailableError,
  isCairnError,
  StatementStoppedError,
  TransactionRolledBackError,
  UnsafeDatabaseError,
} from '@cairn/core'
import { isConnectionFailure, isStopped, isTechnical, sqlStateOf } from './sql-state.ts'

const firstDelayMs = 20
const longestDelayMs = 1_000

/** Waits between tries: doubling, capped, with jitter so that many callers do not come back at once. */
export function backoffMs(attempt: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** attempt) * (0.5 + Math.random() / 2)
}

/**
 * Runs work that may safely run again, until it succeeds, fails for another reason than a lost database, or `retryForMs` is over.
 * @throws DatabaseUnavailableError when the time is over
 */
export async function retryWhileUnavailable<T>(what: string, retryForMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + retryForMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionFailure(error)) throw translateError(error, what, attempt > 0)
      const delay = backoffMs(attempt)
      if (performance.now() + delay > deadline) throw new DatabaseUnavailableError(what, error)
      await sleep(delay)
    }
  }
}

/** The problem where a statement failed, and one before it may have taken effect all the same. */
export const noAnswer = 'gave no answer to an earlier try'

/**
 * What a statement of Cairn's own failed with: as `translateUsersError`; what says nothing but that the server could not, now, as an
 * outage; and what met a limit or was cancelled as a try that failed.
 *
 * @param inDoubt an earlier try may have taken effect: then nobody is told that nothing was done
 */
export function translateError(error: unknown, what: string, inDoubt = false): unknown {
  const translated = translateUsersError(error, what)
  if (isCairnError(translated)) return translated
  const state = sqlStateOf(error)
  if (state === undefined) return error
  if (isStopped(state)) return inDoubt ? new DatabaseUnavailableError(what, error, noAnswer) : new StatementStoppedError(what, state, error)
  return isTechnical(state) ? new DatabaseUnavailableError(what, error, `failed (SQLSTATE ${state})`) : error
}

/** A statement of Cairn's own amid those of a user, where the server could not do it, or stopped it. All else is the transaction's affair. */
export async function ownStatement<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const translated = isConnectionFailure(error) ? error : translateError(error, what)
    throw translated instanceof DatabaseUnavailableError || translated instanceof StatementStoppedError ? translated : error
  }
}

/**
 * Errors that the database raises on purpose (db/functions), as Cairn's own; all others as they are: a statement of the user's that
 * met the time limit that he gave it has failed, and would again.
 */
export function translateUsersError(error: unknown, what: string): unknown {
  switch (sqlStateOf(error)) {
    case 'ZC001':
      return new ContextRefusedError(what, error)
    case 'ZC002':
      return new UnsafeDatabaseError(
        'Cairn needs READ COMMITTED: with a stricter isolation a reader misses events.',
        'Reset default_transaction_isolation for this login.',
        { what },
      )
    case 'ZC003':
      return new UnsafeDatabaseError(
        "This server is a standby: it does not see the writers' advisory locks, so a reader would miss events.",
        'Connect to the primary.',
        { what },
      )
    // Serialisation failure, deadlock, lock timeout: rolled back, and likely to go through the next time.
    case '40001':
    case '40P01':
    case '55P03':
      return new TransactionRolledBackError(what, error)
    default:
      return error
  }
}
