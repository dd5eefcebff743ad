import { ContextRefusedError, DatabaseUnavailableError, SchemaVersionError, UnsafeDatabaseError } from '@cairn/core'
import { Client } from 'pg'
import type { ResolvedPgOptions } from '../connection/pg-options.ts'
import { ContextSigner } from '../connection/context-signer.ts'
import { isConnectionFailure, sqlStateOf } from '../connection/sql-state.ts'
import { ageOfFiles, formatStamp } from './files-stamp.ts'
import { readPowers, type LoginPower } from './login-powers.ts'
import { rolesOf } from './schema-name.ts'
import { knownMigrations, readReappliedFiles } from './sql-files.ts'

export interface DatabaseFacts {
  readonly serverVersion: string
  readonly login: string
  /** True where one login serves every purpose and each connection takes its role. */
  readonly switchesRoles: boolean
  readonly contextKey: string
}

/**
 * Looks at a database before it is used, and refuses one in which the guarantees would not hold: too old, a standby, a
 * superuser as application, a login that sees every tenant, a schema of another version, a sequence that hands out ranges
 * or lies behind its table, a wrong context key, background readers on another database.
 * @throws UnsafeDatabaseError, SchemaVersionError, ContextRefusedError, DatabaseUnavailableError
 */
export async function inspectDatabase(options: ResolvedPgOptions): Promise<DatabaseFacts> {
  const { facts, server } = await onConnection(options.url, options.queryTimeoutMs, (client) => inspect(client, options))
  const { workerUrl } = options
  if (workerUrl !== undefined) await onConnection(workerUrl, options.queryTimeoutMs, (client) => inspectWorker(client, options, server))
  return facts
}

async function onConnection<T>(url: string, queryTimeoutMs: number, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'cairn boot',
    connectionTimeoutMillis: 5_000,
    query_timeout: queryTimeoutMs,
  })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw isConnectionFailure(error) ? new DatabaseUnavailableError('the start', error) : error
  } finally {
    await client.end()
  }
}

interface LoginRow {
  version: string
  number: number
  encoding: string
  /** The same for two logins of one database, whatever addresses led there. */
  server: string
  standby: boolean
  /** The schema is there. */
  migrated: boolean
  login: string
  /** The schema's roles that it is a member of, in any way. */
  roles: string[]
  /** It may take the application's role. Since version 16 there are members who may only administer a role. */
  mayBeApp: boolean
  isolation: string
}

async function inspect(client: Client, options: ResolvedPgOptions): Promise<{ facts: DatabaseFacts; server: string }> {
  const { schema } = options
  const roles = rolesOf(schema)
  const login = await inspectLogin(client, schema)
  if (!login.migrated) throw noSchema(schema)
  const switchesRoles = decideRoles(login, await readPowers(client, schema), options)
  await checkSchema(client, schema)
  const contextKey = options.contextKey ?? (await readContextKey(client, schema, roles.owner))
  await checkContextKey(client, schema, contextKey, switchesRoles ? roles.app : undefined)
  return { facts: { serverVersion: login.version, login: login.login, switchesRoles, contextKey }, server: login.server }
}

async function inspectWorker(client: Client, { schema }: ResolvedPgOptions, server: string): Promise<void> {
  const { login, roles, server: own } = await inspectLogin(client, schema)
  if (own !== server) {
    throw new UnsafeDatabaseError(
      'The worker login is on another database than the application.',
      'Correct workerUrl (CAIRN_WORKER_URL).',
      { login },
    )
  }
  const { worker } = rolesOf(schema)
  if (!roles.includes(worker))
    throw new UnsafeDatabaseError(`${login} is not a member of ${worker}.`, `Run: grant ${worker} to ${login};`, { login })
}

async function inspectLogin(client: Client, schema: string): Promise<LoginRow> {
  const { rows } = await client.query<LoginRow>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
            current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
            exists (select from pg_namespace where nspname = $2) as migrated,
            extract(epoch from pg_postmaster_start_time()) || ' ' || (select oid from pg_database where datname = current_database()) as server,
            session_user::text as login,
            array(select rolname::text from pg_roles where rolname = any ($1) and pg_has_role(session_user, oid, 'member')) as roles,
            exists (select from pg_roles where rolname = $3
                     and pg_has_role(session_user, oid, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)) as "mayBeApp",
            current_setting('default_transaction_isolation') as isolation`,
    [Object.values(rolesOf(schema)), schema, rolesOf(schema).app],
  )
  const login = rows[0]
  if (login === undefined) throw new UnsafeDatabaseError('The database did not answer the boot check.', 'Look into its log.')
  if (login.number < 150_000)
    throw new UnsafeDatabaseError(`PostgreSQL ${login.version} is too old.`, 'Cairn needs PostgreSQL 15 or newer.')
  if (login.encoding !== 'UTF8')
    throw new UnsafeDatabaseError(
      `The database is encoded in ${login.encoding}.`,
      "Create it anew with: encoding 'UTF8' template template0.",
    )
  if (login.standby)
    throw new UnsafeDatabaseError('This server is a standby.', "Connect to the primary: a standby does not see the writers' locks.")
  if (login.isolation !== 'read committed') {
    throw new UnsafeDatabaseError(
      `default_transaction_isolation is ${login.isolation}.`,
      `Run: alter role ${login.login} set default_transaction_isolation = 'read committed';`,
      { login: login.login },
    )
  }
  return login
}

function decideRoles(login: LoginRow, powers: readonly LoginPower[], options: ResolvedPgOptions): boolean {
  const roles = rolesOf(options.schema)
  const unbound = powers.find(({ seesAll }) => seesAll)
  if (unbound !== undefined && options.roles !== 'switch') {
    throw new UnsafeDatabaseError(
      `${login.login} ${unbound.what}: with it every tenant's data is open to any SQL.`,
      `Create a login for the application (create role my_app login password '…' in role ${roles.app};), or say roles: 'switch' for development.`,
      { login: login.login },
    )
  }
  if (!login.mayBeApp) {
    throw new UnsafeDatabaseError(`${login.login} is not a member of ${roles.app}.`, `Run: grant ${roles.app} to ${login.login};`, {
      login: login.login,
    })
  }
  const powerful = login.roles.some((role) => role !== roles.app)
  if (options.roles === 'switch' || (options.roles === undefined && powerful && options.workerUrl === undefined)) return true
  if (powerful) {
    const extra = login.roles.filter((role) => role !== roles.app)
    throw new UnsafeDatabaseError(
      `The application's login ${login.login} is also a member of ${extra.join(', ')}, so it could read every tenant.`,
      `Run: revoke ${extra.join(', ')} from ${login.login}; and give background readers a login of their own (workerUrl).`,
      { login: login.login, extra },
    )
  }
  const [power] = powers
  if (power !== undefined) {
    throw new UnsafeDatabaseError(
      `The application's login ${login.login} ${power.what}, with which it could open every tenant.`,
      `Run: ${power.remedy};`,
      { login: login.login, powers: powers.map(({ what }) => what) },
    )
  }
  return false
}

async function checkSchema(client: Client, schema: string): Promise<void> {
  let ran: readonly string[]
  try {
    const { rows } = await client.query<{ name: string }>(`select name from ${schema}.migrations order by name`)
    ran = rows.map((row) => row.name)
  } catch (error) {
    const state = sqlStateOf(error)
    if (state !== '42P01' && state !== '3F000' && state !== '42501') throw error
    if (state !== '42501') throw noSchema(schema)
    const { app } = rolesOf(schema)
    throw new SchemaVersionError(
      `This login may not use the schema "${schema}". Grant it the role ${app}, with inheritance (alter role … inherit).`,
      { schema },
    )
  }
  const known = knownMigrations()
  const missing = known.filter((name) => !ran.includes(name))
  const unknown = ran.filter((name) => !known.includes(name))
  if (missing.length > 0)
    throw new SchemaVersionError(`Schema "${schema}" lacks ${missing.join(', ')}. Run migrate() before this version starts.`, {
      schema,
      missing,
    })
  if (unknown.length > 0) {
    throw new SchemaVersionError(
      `Schema "${schema}" was migrated by a newer Cairn (${unknown.join(', ')}). Deploy that version here too.`,
      { schema, unknown },
    )
  }
  await checkFiles(client, schema)
  const { rows } = await client.query<{ cache: string; behind: boolean }>(`select cache, behind from ${schema}.sequence_state()`)
  const sequence = rows[0]
  if (sequence?.cache !== '1') {
    throw new UnsafeDatabaseError(
      'A sequence of positions hands out ranges.',
      `Run: alter sequence ${schema}.event_positions cache 1; alter sequence ${schema}.change_positions cache 1;`,
      { schema },
    )
  }
  if (sequence.behind) {
    throw new UnsafeDatabaseError(
      'A sequence is behind its table (after logical replication or a partial restore): the next row would collide.',
      `Run as the owner: select setval('${schema}.event_positions', (select max(position) from ${schema}.events)), ` +
        `setval('${schema}.stream_ids', (select max(stream_id) from ${schema}.streams)), ` +
        `setval('${schema}.change_positions', (select max(change_id) from ${schema}.changes));`,
      { schema },
    )
  }
}

/** A newer version's functions are let pass: in a rolling deploy they serve the older processes too. */
async function checkFiles(client: Client, schema: string): Promise<void> {
  const { stamp } = readReappliedFiles(schema)
  const stored = await readStamp(client, schema)
  if (ageOfFiles(stored, stamp) !== 'older') return
  throw new SchemaVersionError(
    `The functions and policies of schema "${schema}" are not those of this version (${stamp.version}). Run migrate() before it starts.`,
    { schema, stored, expected: formatStamp(stamp) },
  )
}

async function readStamp(client: Client, schema: string): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ hash: string }>(`select hash from ${schema}.applied_files`)
    return rows[0]?.hash
  } catch (error) {
    // Before this was asked, the policies granted it to nobody.
    if (sqlStateOf(error) === '42501') return undefined
    throw error
  }
}

function noSchema(schema: string): SchemaVersionError {
  return new SchemaVersionError(`There is no Cairn schema "${schema}" in this database. Run migrate() with an owner's login first.`, {
    schema,
  })
}

async function readContextKey(client: Client, schema: string, owner: string): Promise<string> {
  try {
    await client.query('begin')
    await client.query(`set local role ${owner}`)
    const { rows } = await client.query<{ key: Buffer }>(`select key from ${schema}.secret`)
    const key = rows[0]?.key.toString('hex')
    if (key !== undefined) return key
  } catch (error) {
    if (sqlStateOf(error) !== '42501') throw error
  } finally {
    await client.query('rollback')
  }
  throw new UnsafeDatabaseError(
    'No context key was given, and this login may not read it.',
    'Set CAIRN_CONTEXT_KEY (or contextKey) to what migrate() reported.',
    { schema },
  )
}

async function checkContextKey(client: Client, schema: string, contextKey: string, role: string | undefined): Promise<void> {
  const signed = new ContextSigner(contextKey).sign(['cairn boot check'])
  await client.query('begin')
  try {
    if (role !== undefined) await client.query(`set local role ${role}`)
    await client.query(`select ${schema}.enter_context($1, $2)`, [signed.text, signed.signature])
  } catch (error) {
    throw sqlStateOf(error) === 'ZC001' ? new ContextRefusedError('the start', error) : error
  } finally {
    await client.query('rollback')
  }
}
