import { ContextRefusedError, DatabaseUnavailableError, SchemaVersionError, UnsafeDatabaseError } from '@cairn/core'
import { Client } from 'pg'
import type { ResolvedPgOptions } from '../connection/pg-options.ts'
import { ContextSigner } from '../connection/context-signer.ts'
import { isConnectionFailure, sqlStateOf } from '../connection/sql-state.ts'
import { rolesOf } from './schema-name.ts'
import { knownMigrations } from './sql-files.ts'

export interface DatabaseFacts {
  readonly serverVersion: string
  readonly login: string
  /** True where one login serves every purpose and each connection takes its role. */
  readonly switchesRoles: boolean
  readonly contextKey: string
}

/**
 * Looks at a database before it is used, and refuses one in which the guarantees would not hold: too old, a standby, a
 * superuser as application, a login that sees every tenant, a schema of another version, a position sequence that hands
 * out ranges or lies behind the log, a wrong context key.
 * @throws UnsafeDatabaseError, SchemaVersionError, ContextRefusedError, DatabaseUnavailableError
 */
export async function inspectDatabase(options: ResolvedPgOptions): Promise<DatabaseFacts> {
  const client = new Client({ connectionString: options.url, application_name: 'cairn boot', connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return await inspect(client, options)
  } catch (error) {
    throw isConnectionFailure(error) ? new DatabaseUnavailableError('the start', error) : error
  } finally {
    await client.end()
  }
}

interface LoginRow {
  version: string
  number: number
  standby: boolean
  login: string
  superuser: boolean
  roles: string[]
  isolation: string
}

async function inspect(client: Client, options: ResolvedPgOptions): Promise<DatabaseFacts> {
  const { schema } = options
  const roles = rolesOf(schema)
  const { rows } = await client.query<LoginRow>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number, pg_is_in_recovery() as standby,
            session_user::text as login, (select rolsuper or rolbypassrls from pg_roles where rolname = session_user) as superuser,
            array(select rolname::text from pg_roles where rolname = any ($1) and pg_has_role(session_user, oid, 'member')) as roles,
            current_setting('default_transaction_isolation') as isolation`,
    [Object.values(roles)],
  )
  const login = rows[0]
  if (login === undefined) throw new UnsafeDatabaseError('The database did not answer the boot check.', 'Look into its log.')
  if (login.number < 150_000)
    throw new UnsafeDatabaseError(`PostgreSQL ${login.version} is too old.`, 'Cairn needs PostgreSQL 15 or newer.')
  if (login.standby)
    throw new UnsafeDatabaseError('This server is a standby.', "Connect to the primary: a standby does not see the writers' locks.")
  if (login.isolation !== 'read committed') {
    throw new UnsafeDatabaseError(
      `default_transaction_isolation is ${login.isolation}.`,
      `Run: alter role ${login.login} set default_transaction_isolation = 'read committed';`,
    )
  }
  await checkSchema(client, schema)
  const switchesRoles = decideRoles(login, options)
  const contextKey = options.contextKey ?? (await readContextKey(client, schema, roles.owner))
  await checkContextKey(client, schema, contextKey, switchesRoles ? roles.app : undefined)
  return { serverVersion: login.version, login: login.login, switchesRoles, contextKey }
}

function decideRoles(login: LoginRow, options: ResolvedPgOptions): boolean {
  const roles = rolesOf(options.schema)
  if (options.roles === 'switch') return true
  if (login.superuser) {
    throw new UnsafeDatabaseError(
      `${login.login} is a superuser or bypasses row-level security: with it every tenant's data is open to any SQL.`,
      `Create a login for the application (create role my_app login password '…' in role ${roles.app};), or say roles: 'switch' for development.`,
      { login: login.login },
    )
  }
  const powerful = login.roles.some((role) => role !== roles.app)
  if (options.roles === undefined && powerful && login.roles.includes(roles.app) && options.workerUrl === undefined) return true
  if (!login.roles.includes(roles.app)) {
    throw new UnsafeDatabaseError(`${login.login} is not a member of ${roles.app}.`, `Run: grant ${roles.app} to ${login.login};`, {
      login: login.login,
    })
  }
  if (powerful) {
    const extra = login.roles.filter((role) => role !== roles.app)
    throw new UnsafeDatabaseError(
      `The application's login ${login.login} is also a member of ${extra.join(', ')}, so it could read every tenant.`,
      `Run: revoke ${extra.join(', ')} from ${login.login}; and give background readers a login of their own (workerUrl).`,
      { login: login.login, extra },
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
    throw new SchemaVersionError(
      state === '42501'
        ? `This login may not use the schema "${schema}". Grant it the role ${rolesOf(schema).app}.`
        : `There is no Cairn schema "${schema}" in this database. Run migrate() with an owner's login first.`,
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
  const { rows } = await client.query<{ cache: string; behind: boolean }>(`select cache, behind from ${schema}.sequence_state()`)
  const sequence = rows[0]
  if (sequence?.cache !== '1') {
    throw new UnsafeDatabaseError('The position sequence hands out ranges.', `Run: alter sequence ${schema}.event_positions cache 1;`, {
      schema,
    })
  }
  if (sequence.behind) {
    throw new UnsafeDatabaseError(
      'The position sequence is behind the log (after logical replication or a partial restore): the next append would collide.',
      `Run as the owner: select setval('${schema}.event_positions', (select max(position) from ${schema}.events));`,
      { schema },
    )
  }
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
