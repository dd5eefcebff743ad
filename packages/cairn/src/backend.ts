import type { CommandStorePort, EventQueryPort, EventStorePort, EventStoreTransaction } from '@cairn/core'
import type { Actor } from '@cairn/infra/pg'
import type { TenantSql } from './tenant-sql.ts'

/** Where an app keeps its data. */
export interface DatabaseInfo {
  readonly kind: 'memory' | 'embedded' | 'postgres'
  /** The schema that Cairn's tables are in; undefined in memory. */
  readonly schema: string | undefined
  /** The data folder of the embedded database. */
  readonly dataDir: string | undefined
  /** The address, with its password; undefined in memory. */
  readonly url: string | undefined
}

/** The stores of an app, opened. */
export interface Backend {
  readonly info: DatabaseInfo
  readonly store: EventStorePort & EventQueryPort
  readonly commands: CommandStorePort
  /** The user's SQL in a transaction of the store. @throws InvalidInputError in memory */
  sqlOf(tx: EventStoreTransaction): TenantSql
  /** @throws InvalidInputError in memory */
  withTenant<T>(tenantId: string, work: (sql: TenantSql) => Promise<T>, actor: Actor): Promise<T>
  /** Lets what is under way end, and closes. */
  close(): Promise<void>
}
