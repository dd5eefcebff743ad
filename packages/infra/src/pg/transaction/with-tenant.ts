import { assertTenantId } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import type { Actor } from '../connection/context-signer.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { translateError } from '../connection/retry.ts'
import { enterTenant } from './enter-tenant.ts'

/**
 * Runs a user's SQL in one transaction as the application role, in the signed context of one tenant: row-level security
 * shows that tenant's rows and no others, whatever the SQL says.
 */
export async function withTenant<T>(
  db: PgDatabase,
  tenantId: string,
  work: (connection: DatabaseTransactionConnection) => Promise<T>,
  actor?: Actor,
): Promise<T> {
  assertTenantId(tenantId)
  try {
    return await db.gates.user.run(() =>
      db.pools.user.transaction(async (connection) => {
        await enterTenant(connection, db.schema, db.signer.sign([tenantId], actor), db.options.holdTimeoutMs)
        return await work(connection)
      }),
    )
  } catch (error) {
    throw translateError(error, 'withTenant')
  }
}
