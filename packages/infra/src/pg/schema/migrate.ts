import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { DatabaseUnavailableError, silentLogger, UnsafeDatabaseError, type LoggerPort } from '@cairn/core'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { becomeOwner } from './become-owner.ts'
import { createRoles } from './create-roles.ts'
import { assertSchemaName, defaultSchema } from './schema-name.ts'
import { migrationsFolder, readReappliedFiles, renderSql } from './sql-files.ts'

export interface MigrateOptions {
  /** A login that may create roles and schemas, or that is a member of the schema's owner role. */
  readonly url: string
  /** @default 'cairn' */
  readonly schema?: string
  readonly logger?: LoggerPort
}

export interface MigrationReport {
  readonly schema: string
  /** Names of the migrations that ran now. */
  readonly applied: readonly string[]
  /** True when functions, views and policies were applied again. */
  readonly reapplied: boolean
  /** The key that signs tenant contexts, in hex: give it to the application as CAIRN_CONTEXT_KEY. Secret. */
  readonly contextKey: string
}

/**
 * Brings a schema up to date. May run from several processes at once and again after a crash at any point.
 * Migrations are plain SQL files in db/; functions, views and policies are applied again whenever their text changed.
 * @throws UnsafeDatabaseError with what a superuser must do first; DatabaseUnavailableError, after which it may run again
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const schema = options.schema ?? defaultSchema
  assertSchemaName(schema)
  const logger = options.logger ?? silentLogger
  const client = new Client({ connectionString: options.url, application_name: 'cairn migrate' })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  let connected = false
  try {
    await client.connect()
    connected = true
    await refuseUnfitServer(client)
    // One migration of this schema at a time. A session lock, released with the connection if we die.
    await client.query('select pg_advisory_lock(hashtext($1), hashtext($2))', ['cairn migrate', schema])
    await createRoles(client, schema)
    await becomeOwner(client, schema)
    await client.query(`set search_path to ${schema}, pg_temp`)
    const applied = await runner({
      dbClient: client,
      dir: migrationsFolder,
      direction: 'up',
      migrationsTable: 'migrations',
      migrationsSchema: schema,
      schema: [schema, 'pg_temp'],
      // The lock above does this per schema; the runner's own is one for the whole database.
      noLock: true,
      migrationLoaderStrategies: [
        { extensions: ['.sql'], loader: (paths) => Promise.resolve(paths.map((path) => loadMigration(path, schema))) },
      ],
      logger: { info: (m: string) => logger.debug(m), warn: (m: string) => logger.warn(m), error: (m: string) => logger.error(m) },
    })
    const reapplied = await applyFiles(client, schema)
    const contextKey = await ensureContextKey(client)
    return { schema, applied: applied.map((migration) => migration.name), reapplied, contextKey }
  } catch (error) {
    throw isConnectionFailure(error) || (connected && (await isGone(client))) ? new DatabaseUnavailableError('the migration', error) : error
  } finally {
    await client.end()
  }
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

async function applyFiles(client: Client, schema: string): Promise<boolean> {
  const files = readReappliedFiles(schema)
  const { rows } = await client.query<{ hash: string }>('select hash from applied_files')
  if (rows[0]?.hash === files.hash) return false
  await client.query('begin')
  await client.query(`set local search_path to ${schema}, pg_temp`)
  await client.query(files.sql)
  await client.query(
    'insert into applied_files (hash, applied_at) values ($1, now()) on conflict (only_row) do update set hash = excluded.hash, applied_at = excluded.applied_at',
    [files.hash],
  )
  await client.query('commit')
  return true
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
