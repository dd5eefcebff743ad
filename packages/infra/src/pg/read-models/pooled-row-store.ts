import type { PhysicalTable, RowKey, RowStorePort, RowWrites, StoredRow } from '@cairn/core'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { PgRowStore } from './pg-row-store.ts'

/** Rows of read models for the background: loads on any connection of the worker's pool, each write in a transaction of its own. */
export class PooledRowStore implements RowStorePort {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  load(table: PhysicalTable, keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    const { pools, gates, schema, options } = this.#db
    return retryWhileUnavailable(`reading ${table.name}`, options.retryForMs, () =>
      gates.worker.run(() => new PgRowStore(pools.worker, schema).load(table, keys)),
    )
  }

  /** Not tried again: whether a lost commit took place is not known, and a row that is there would count as stale. */
  write(table: PhysicalTable, writes: RowWrites): Promise<void> {
    const { pools, gates, schema } = this.#db
    return gates.worker.run(() => pools.worker.transaction((connection) => new PgRowStore(connection, schema).write(table, writes)))
  }
}
