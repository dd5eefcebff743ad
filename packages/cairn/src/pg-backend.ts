import { InvalidInputError, isCairnError, type EventStoreTransaction } from '@cairn/core'
import type { EmbeddedPostgres } from '@cairn/infra/embedded'
import type { PgEventStoreTransaction, PgOptions } from '@cairn/infra/pg'
import type { Backend } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import { tenantSql } from './tenant-sql.ts'

/**
 * A PostgreSQL that somebody else runs.
 * @throws SchemaVersionError when the schema is not up to date and the login may not migrate it
 * @throws UnsafeDatabaseError, ContextRefusedError, DatabaseUnavailableError
 */
export function postgresBackend(options: ResolvedCairnOptions, url: string): Promise<Backend> {
  return open(options, { url, ownerUrl: options.ownerUrl, roles: options.roles, embedded: undefined })
}

/** Our own PostgreSQL on a data folder; it stops with the app. */
export async function embeddedBackend(options: ResolvedCairnOptions): Promise<Backend> {
  const { startEmbeddedPostgres } = await import('@cairn/infra/embedded')
  const embedded = await startEmbeddedPostgres({ dataDir: options.dataDir, logger: options.logger })
  try {
    return await open(options, { url: embedded.url, ownerUrl: embedded.url, roles: 'switch', embedded })
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

async function open(options: ResolvedCairnOptions, { url, ownerUrl, roles, embedded }: Address): Promise<Backend> {
  // Loaded here, so that an app in memory needs no database driver.
  const { openPg, PgCommandStore, PgEventStore, sql, withTenant } = await import('@cairn/infra/pg')
  const { schema, logger, maxPayloadBytes } = options
  const migrated = options.migrate ? await migrateWhereAllowed(options, ownerUrl ?? url, ownerUrl !== undefined) : undefined
  const db = await openPg({
    ...options.pg,
    url,
    workerUrl: embedded === undefined ? options.workerUrl : undefined,
    contextKey: migrated ?? options.contextKey,
    roles,
    schema,
    maxPayloadBytes,
    logger,
  })
  const store = new PgEventStore(db)
  return {
    info: { kind: embedded === undefined ? 'postgres' : 'embedded', schema, dataDir: embedded?.dataDir, url },
    store,
    commands: new PgCommandStore(db),
    sqlOf: (tx) => tenantSql(connectionOf(tx), sql),
    withTenant: (tenantId, work, actor) => withTenant(db, tenantId, (connection) => work(tenantSql(connection, sql)), actor),
    async close() {
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

function isNotAllowed(error: unknown): boolean {
  // 42501 insufficient_privilege; UNSAFE_DATABASE: roles are missing, and the login may not create them.
  return (error instanceof Error && 'code' in error && error.code === '42501') || isCairnError(error, 'CAIRN_UNSAFE_DATABASE')
}

function connectionOf(tx: EventStoreTransaction): PgEventStoreTransaction['connection'] {
  if (isPgTransaction(tx)) return tx.connection
  throw new InvalidInputError('transaction', 'This transaction belongs to another store.')
}

function isPgTransaction(tx: EventStoreTransaction): tx is PgEventStoreTransaction {
  return 'connection' in tx
}
