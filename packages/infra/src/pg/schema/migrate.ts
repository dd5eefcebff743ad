import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { DatabaseUnavailableError, silentLogger, UnsafeDatabaseError, type LoggerPort } from '@cairn/core'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { applyFiles } from './apply-files.ts'
import { becomeOwner } from './become-owner.ts'
import { createRoles } from './create-roles.ts'
import { assertExtraIndexes, buildExtraIndexes, type ExtraIndex } from './extra-indexes.ts'
import { assertSchemaName, defaultSchema, refuseReservedName } from './schema-name.ts'
import { migrationsFolder, renderSql } from './sql-files.ts'
import { withShortLocks } from './with-short-locks.ts'

export interface MigrateOptions {
  /** A login that may create roles and schemas, or that is a member of the schema's owner role. */
  readonly url: string
  /** @default 'cairn' */
  readonly schema?: string
  /** Hears of each migration that has run, and of waits. */
  readonly logger?: LoggerPort
  /**
   * How long a table that other transactions use is tried for, milliseconds. Each wait is a second at most, because whoever
   * comes after a waiting migration waits with it. @default 120_000
   */
  readonly lockRetryForMs?: number
  /** Further indexes of the log to build where they are missing; what is not named stays as it is. Each costs every append. @default [] */
  readonly indexes?: readonly ExtraIndex[]
}

export interface MigrationReport {
  readonly schema: string
  /** Names of the migrations that ran now. */
  readonly applied: readonly string[]
  /** True when functions, views and policies were applied again. */
  readonly reapplied: boolean
  /** Further indexes that were built now. */
  readonly indexes: readonly ExtraIndex[]
  /** The key that signs tenant contexts, in hex: give it to the application as CAIRN_CONTEXT_KEY. Secret. */
  readonly contextKey: string
}

const lockName = 'cairn migrate'

/**
 * Brings a schema up to date. May run from several processes at once and again after a crash at any point.
 * Migrations are plain SQL files in db/; functions, views and policies are applied again whenever their text changed.
 * What earlier versions of those files made and these no longer do is removed. A schema with newer functions than this version
 * of Cairn brings keeps them.
 * @throws InvalidInputError for a name that no schema of Cairn can have; UnsafeDatabaseError with what a superuser must do first;
 * DatabaseUnavailableError, and TransactionRolledBackError where a table stayed in use, after which it may run again
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const schema = options.schema ?? defaultSchema
  assertSchemaName(schema)
  assertExtraIndexes(options.indexes ?? [])
  const logger = options.logger ?? silentLogger
  const client = new Client({ connectionString: options.url, application_name: 'cairn migrate', keepAlive: true })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  let connected = false
  try {
    await client.connect()
    connected = true
    await refuseUnfitServer(client)
    await refuseReservedName(client, schema)
    // One migration of this schema at a time. A session lock, released with the connection if we die.
    await client.query('select pg_advisory_lock(hashtext($1), hashtext($2))', [lockName, schema])
    await createRoles(client, schema)
    await becomeOwner(client, schema)
    await client.query(`set search_path to ${schema}, pg_temp`)
    const retryForMs = options.lockRetryForMs ?? 120_000
    const applied = await withShortLocks(client, 'the migration', retryForMs, logger, () => runMigrations(client, schema, logger))
    const reapplied = await withShortLocks(client, 'the migration', retryForMs, logger, () => applyFiles(client, schema, logger))
    const contextKey = await ensureContextKey(client)
    await client.query('select pg_advisory_unlock(hashtext($1), hashtext($2))', [lockName, schema])
    const indexes = await buildExtraIndexes(client, schema, options.indexes ?? [], logger)
    return { schema, applied, reapplied, indexes, contextKey }
  } catch (error) {
    throw isConnectionFailure(error) || (connected && (await isGone(client))) ? new DatabaseUnavailableError('the migration', error) : error
  } finally {
    await client.end()
  }
}

async function runMigrations(client: Client, schema: string, logger: LoggerPort): Promise<readonly string[]> {
  const ran = await runner({
    dbClient: client,
    dir: migrationsFolder,
    direction: 'up',
    migrationsTable: 'migrations',
    migrationsSchema: schema,
    schema: [schema, 'pg_temp'],
    // The caller's lock does this per schema; the runner's own is one for the whole database.
    noLock: true,
    migrationLoaderStrategies: [
      { extensions: ['.sql'], loader: (paths) => Promise.resolve(paths.map((path) => loadMigration(path, schema))) },
    ],
    logger: { info: (m: string) => logger.debug(m), warn: (m: string) => logger.warn(m), error: (m: string) => logger.error(m) },
  })
  const names = ran.map(({ name }) => name)
  for (const name of names) logger.info(`schema "${schema}": migration ${name} has run`, { component: 'migrate' })
  return names
}

/** The migrator turns errors into texts, so an error does not tell whether the connection is what failed. */
async function isGone(client: Client): Promise<boolean> {
  return client.query('select 1').then(
    () => false,
    (error: unknown) => isConnectionFailure(error),
  )
}

async function refuseUnfitServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number; encoding: string }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
            current_setting('server_encoding') as encoding`,
  )
  const server = rows[0]
  if (server !== undefined && server.number < 150_000) {
    throw new UnsafeDatabaseError(`PostgreSQL ${server.version} is too old.`, 'Cairn needs PostgreSQL 15 or newer.')
  }
  if (server !== undefined && server.encoding !== 'UTF8') {
    throw new UnsafeDatabaseError(
      `The database is encoded in ${server.encoding}.`,
      "Create it anew with: encoding 'UTF8' template template0.",
    )
  }
}

function loadMigration(path: string, schema: string) {
  const text = renderSql(readFileSync(path, 'utf8'), schema)
  return {
    id: basename(path, '.sql'),
    filePaths: [path],
    actions: { up: (builder: { sql(text: string): void }) => builder.sql(text), down: false as const },
  }
}

async function ensureContextKey(client: Client): Promise<string> {
  const key = randomBytes(32)
  const padded = Buffer.concat([key, Buffer.alloc(32)])
  const { rows } = await client.query<{ key: Buffer }>(
    `with made as (insert into secret (key, ipad, opad) values ($1, $2, $3) on conflict do nothing returning key)
     select key from made union all select key from secret limit 1`,
    [key, padded.map((byte) => byte ^ 0x36), padded.map((byte) => byte ^ 0x5c)],
  )
  const stored = rows[0]
  if (stored === undefined) throw new UnsafeDatabaseError('The context key could not be stored.', 'Run the migration again.')
  return stored.key.toString('hex')
}
