import type { SubscriptionTransaction } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { PgCommandQueue } from '../commands/pg-command-queue.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import type { StatementMode } from '../connection/statement.ts'
import { PgProcessInstances } from '../processes/pg-process-instances.ts'
import { PgRowStore } from '../read-models/pg-row-store.ts'

/** What `PgSubscriptionStore.commit` hands to the effects. */
export interface PgSubscriptionTransaction extends SubscriptionTransaction {
  /**
   * The transaction's connection, as the worker role: SQL run here commits with the checkpoint or not at all. It sees every
   * tenant's rows.
   */
  readonly connection: DatabaseTransactionConnection
  readonly commands: PgCommandQueue
}

/** Every port that effects write through, on the transaction's connection. */
export function pgSubscriptionTransaction(
  db: PgDatabase,
  connection: DatabaseTransactionConnection,
  mode: StatementMode,
): PgSubscriptionTransaction {
  return {
    rows: new PgRowStore(connection, db.schema, mode),
    commands: new PgCommandQueue(connection, db, mode),
    instances: new PgProcessInstances(connection, db, mode),
    connection,
  }
}
