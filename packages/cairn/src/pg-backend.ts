import { InvalidInputError, type EventStoreTransaction, type InlineWriter, type Registry, type SubscriptionTransaction } from '@cairn/core'
import type { EmbeddedPostgres } from '@cairn/infra/embedded'
import type { PgEventStoreTransaction, PgOptions, PgSubscriptionTransaction } from '@cairn/infra/pg'
import type { Backend } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import { isNotAllowed } from './is-not-allowed.ts'
import { declared } from './projections/declared.ts'
import { pgGenerations } from './projections/pg-generations.ts'
import { tenantSql } from './tenant-sql.ts'

/**
 * A PostgreSQL that somebody else runs.
 * @throws SchemaVersionError when the schema is not up to date and the login may not migrate it
 * @throws UnsafeDatabaseError, ContextRefusedError, DatabaseUnavailableError
 */
export function postgresBackend(
  options: ResolvedCairnOptions,
  registry: Registry,
  inline: InlineWriter | undefined,
  url: string,
): Promise<Backend> {
  return open(options, registry, inline, { url, ownerUrl: options.ownerUrl, roles: options.roles, embedded: undefined })
}

/** Our own PostgreSQL on a data folder; it stops with the app. */
export async function embeddedBackend(
  options: ResolvedCairnOptions,
  registry: Registry,
  inline: InlineWriter | undefined,
): Promise<Backend> {
  const { startEmbeddedPostgres } = await import('@cairn/infra/embedded')
  const embedded = await startEmbeddedPostgres({ dataDir: options.dataDir, logger: options.logger })
  try {
    return await open(options, registry, inline, { url: embedded.url, ownerUrl: embedded.url, roles: 'switch', embedded })
  } catch (error) {
    await embedded.stop()
    throw error
  }
}

interface Address {
  readonly url: string
  readonly ownerUrl: string | undefined
  readonly roles: PgOptions['roles']
  readonly embedded: EmbeddedPostgres | undefined
}

async function open(
  options: ResolvedCairnOptions,
  registry: Registry,
  inline: InlineWriter | undefined,
  { url, ownerUrl, roles, embedded }: Address,
): Promise<Backend> {
  // Loaded here, so that an app in memory needs no database driver.
  const infra = await import('@cairn/infra/pg')
  const { openPg, PgCommandStore, PgEventStore, ReceiptRetention, sql, withTenant } = infra
  const { schema, logger, maxPayloadBytes } = options
  const migrated = options.migrate ? await migrateWhereAllowed(options, ownerUrl ?? url, ownerUrl !== undefined) : undefined
  const db = await openPg({
    ...options.pg,
    url,
    workerUrl: embedded === undefined ? options.workerUrl : undefined,
    listenUrl: embedded === undefined ? options.listenUrl : undefined,
    contextKey: migrated ?? options.contextKey,
    roles,
    schema,
    maxPayloadBytes,
    logger,
  })
  const store = new PgEventStore(db, inline)
  const hints = new infra.PgHints(db)
  const maintenanceUrl = embedded?.url ?? options.maintenanceUrl
  const keepForMs = options.keepReceiptsForDays * 86_400_000
  const retention = maintenanceUrl === undefined ? undefined : new ReceiptRetention({ url: maintenanceUrl, schema, keepForMs, logger })
  retention?.start()
  return {
    info: { kind: embedded === undefined ? 'postgres' : 'embedded', schema, dataDir: embedded?.dataDir, url },
    store,
    pg: { db, batches: new infra.PgCommandBatches(db), ownerUrl },
    commands: new PgCommandStore(db),
    readModels: new infra.PgReadModels(db, registry.projections.map(declared)),
    background: {
      reader: new infra.PgLogReader(db),
      subscriptions: new infra.PgSubscriptionStore(db, { faults: options.background?.faults }),
      hints,
      due: new infra.PgDueCommands(db),
      pending: new infra.PgPendingCommands(db),
      changes: new infra.PgChangeLog(db),
      instances: new infra.PgProcessStore(db),
      rows: new infra.PooledRowStore(db),
      ...pgGenerations(infra, db, options, ownerUrl ?? url),
      handlerSqlOf: (tx) => tenantSql(handlerConnectionOf(tx), sql),
    },
    sqlOf: (tx) => tenantSql(connectionOf(tx), sql),
    withTenant: (tenantId, work, actor) => withTenant(db, tenantId, (connection) => work(tenantSql(connection, sql)), actor),
    async close() {
      await retention?.stop()
      await hints.close()
      await store.drained()
      await db.close()
      await embedded?.stop()
    },
  }
}

/** Returns the context key, or undefined where the login may not migrate: the boot check then says what is missing. */
async function migrateWhereAllowed(
  { schema, logger }: ResolvedCairnOptions,
  url: string,
  mustSucceed: boolean,
): Promise<string | undefined> {
  const { migrate } = await import('@cairn/infra/pg')
  try {
    const report = await migrate({ url, schema, logger })
    if (report.applied.length > 0) logger.info(`Schema ${schema} was migrated.`, { component: 'cairn', schema, applied: report.applied })
    return report.contextKey
  } catch (error) {
    if (mustSucceed || !isNotAllowed(error)) throw error
    logger.debug(`The login may not migrate schema ${schema}; it is used as it is.`, { component: 'cairn', schema, error })
    return undefined
  }
}

function connectionOf(tx: EventStoreTransaction): PgEventStoreTransaction['connection'] {
  if (isPgTransaction(tx)) return tx.connection
  throw new InvalidInputError('transaction', 'This transaction belongs to another store.')
}

function isPgTransaction(tx: EventStoreTransaction): tx is PgEventStoreTransaction {
  return 'connection' in tx
}

function handlerConnectionOf(tx: SubscriptionTransaction): PgSubscriptionTransaction['connection'] {
  if (isPgSubscriptionTransaction(tx)) return tx.connection
  throw new InvalidInputError('transaction', 'This transaction belongs to another store.')
}

function isPgSubscriptionTransaction(tx: SubscriptionTransaction): tx is PgSubscriptionTransaction {
  return 'connection' in tx
}
