import type { DatabasePool, DatabaseTransactionConnection } from 'slonik'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { sql } from '../connection/sql.ts'

/**
 * Runs a user's work in a transaction on a connection of the pool that is reset after use. slonik closes a connection whose
 * work throws, whatever it throws; a rule of the business that says no must not cost a new connection (measured: 1 ms against
 * 30 ms), so what was thrown is carried past slonik, unless the connection itself is what failed.
 */
export async function lendTransaction<T>(pool: DatabasePool, work: (connection: DatabaseTransactionConnection) => Promise<T>): Promise<T> {
  const outcome = await pool.connect(async (lent) => {
    try {
      return { result: await lent.transaction(work) }
    } catch (error) {
      if (isConnectionFailure(error)) throw error
      return { error }
    }
  })
  if ('error' in outcome) throw outcome.error
  return outcome.result
}

/**
 * Fails (25P02) where a statement failed before and the work hid its error: PostgreSQL answers the COMMIT of such a
 * transaction with a rollback and without an error, and the caller would take it for done.
 */
export async function assertNotAborted(connection: DatabaseTransactionConnection): Promise<void> {
  await connection.query(sql.unsafe`select 1`)
}
