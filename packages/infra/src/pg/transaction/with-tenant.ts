import { assertTenantId, DatabaseUnavailableError } from '@cairn/core'
import { SlonikError, type DatabaseTransactionConnection } from 'slonik'
import type { Actor } from '../connection/context-signer.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { translateError, translateUsersError } from '../connection/retry.ts'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { enterTenant } from './enter-tenant.ts'
import { assertNotAborted, lendTransaction } from './lend-transaction.ts'

/**
 * Runs a user's SQL in one transaction as the application role, in the signed context of one tenant: row-level security
 * shows that tenant's rows and no others, whatever the SQL says.
 * @throws whatever `work` throws; DatabaseUnavailableError, after which the transaction took place as a whole or not at all
 */
export async function withTenant<T>(
  db: PgDatabase,
  tenantId: string,
  work: (connection: DatabaseTransactionConnection) => Promise<T>,
  actor?: Actor,
): Promise<T> {
  assertTenantId(tenantId)
  let working = false
  try {
    return await db.gates.user.run(() =>
      lendTransaction(db.pools.user, async (connection) => {
        await enterTenant(connection, db.schema, db.signer.sign([tenantId], actor), db.options.holdTimeoutMs)
        working = true
        const result = await work(connection)
        working = false
        await assertNotAborted(connection)
        return result
      }),
    )
  } catch (error) {
    // A broken connection of the work's own, to a mail server say, is the caller's business.
    if (!isConnectionFailure(error) || (working && !(error instanceof SlonikError)))
      throw working ? translateUsersError(error, 'withTenant') : translateError(error, 'withTenant')
    throw new DatabaseUnavailableError('withTenant', error)
  }
}
