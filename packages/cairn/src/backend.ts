import type {
  ChangeLogPort,
  CommandStorePort,
  DueCommandsPort,
  EventQueryPort,
  EventStorePort,
  EventStoreTransaction,
  HintsPort,
  LogReaderPort,
  PendingCommandsPort,
  ProcessInstanceStorePort,
  ProcessTransactionsPort,
  ProjectionStorePort,
  ReadModelPort,
  RowStorePort,
  SubscriptionStorePort,
  SubscriptionTransaction,
} from '@cairn/core'
import type { Actor, PgCommandBatches, PgDatabase } from '@cairn/infra/pg'
import type { GenerationSource } from './projections/generation-source.ts'
import type { HandlerSql, TenantSql } from './tenant-sql.ts'

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
  readonly background: BackgroundPorts
  readonly readModels: ReadModelPort
  /** For schedulers of their own; undefined in memory. */
  readonly pg: { readonly db: PgDatabase; readonly batches: PgCommandBatches; readonly ownerUrl: string | undefined } | undefined
  /** The user's SQL in a transaction of the store. @throws InvalidInputError in memory */
  sqlOf(tx: EventStoreTransaction): TenantSql
  /** @throws InvalidInputError in memory */
  withTenant<T>(tenantId: string, work: (sql: TenantSql) => Promise<T>, actor: Actor): Promise<T>
  /** Lets what is under way end, and closes. */
  close(): Promise<void>
}

/** What subscriptions, projections, process managers and stored commands work with. */
export interface BackgroundPorts {
  readonly reader: LogReaderPort
  readonly subscriptions: SubscriptionStorePort
  readonly hints: HintsPort
  /** Stored commands of all tenants, for those who carry them out. */
  readonly due: DueCommandsPort
  /** Pending commands of all tenants, for pumps. */
  readonly pending: PendingCommandsPort
  /** Changes of watched tables; undefined in memory. */
  readonly changes: ChangeLogPort | undefined
  /** Instances of process managers, outside of transactions. */
  readonly instances: ProcessInstanceStorePort & ProcessTransactionsPort
  /** Rows, outside of transactions. */
  readonly rows: RowStorePort
  readonly generations: GenerationSource
  /** Makes, switches and drops tables, with the owner's rights; undefined in memory, where nothing outlives the process. */
  readonly projections: ProjectionStorePort | undefined
  /** A handler's SQL in the transaction of its checkpoint. @throws InvalidInputError in memory */
  handlerSqlOf(tx: SubscriptionTransaction): HandlerSql
}
