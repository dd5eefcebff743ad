import { setTimeout as sleep } from 'node:timers/promises'
import { TransactionRolledBackError, type LoggerPort } from '@cairn/core'
import type { Client } from 'pg'
import { sqlStateOf } from '../connection/sql-state.ts'

/** A change of a table that waits for its lock makes everybody behind it wait too: so not for longer than this at a time. */
const lockTimeoutMs = 1_000
const longestPauseMs = 5_000

/**
 * Runs changes that take locks and that may run again from the start, each wait kept short; whoever was in the way is let
 * through before the next try.
 * @throws TransactionRolledBackError when the time is over
 */
export async function withShortLocks<T>(
  client: Client,
  what: string,
  retryForMs: number,
  logger: LoggerPort,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + retryForMs
  for (let attempt = 1; ; attempt++) {
    await client.query(`set lock_timeout = '${lockTimeoutMs}ms'`)
    try {
      return await work()
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      await client.query('rollback')
      const pause = Math.min(longestPauseMs, 250 * 2 ** attempt)
      if (performance.now() + pause > deadline) throw new TransactionRolledBackError(what, error)
      logger.info(`${what}: a table is in use by another transaction; trying again in ${pause} ms`, { component: 'migrate', attempt })
      await sleep(pause)
    } finally {
      // A connection that is gone has nothing to reset.
      await client.query('reset lock_timeout').catch(() => undefined)
    }
  }
}

/** The migrator turns errors into texts. */
function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === '55P03' || (error instanceof Error && error.message.includes('lock timeout'))
}
