import type { RowStorePort, SubscriptionTransaction } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'

/** What `PgSubscriptionStore.commit` hands to the effects. */
export interface PgSubscriptionTransaction extends SubscriptionTransaction {
  readonly rows: RowStorePort
  /**
   * The transaction's connection, as the worker role: SQL run here commits with the checkpoint or not at all. It sees every
   * tenant's rows.
   */
  readonly connection: DatabaseTransactionConnection
}
