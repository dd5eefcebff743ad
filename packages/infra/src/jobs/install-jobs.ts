import { DatabaseUnavailableError, UnsafeDatabaseError, type LoggerPort } from '@cairn/core'
import { Client } from 'pg'
import { PgBoss } from 'pg-boss'
import { isConnectionFailure, sqlStateOf } from '../pg/connection/sql-state.ts'
import { becomeOwner } from '../pg/schema/become-owner.ts'
import { rolesOf } from '../pg/schema/schema-name.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

export interface InstallJobs {
  /** A login that may become the schema's owner. */
  readonly url: string
  /** Cairn's own. */
  readonly schema: string
  readonly jobsSchema: string
  readonly options: Pick<ResolvedPgBossOptions, 'queue' | 'heartbeatSeconds' | 'expireSeconds' | 'keepSeconds'>
  readonly logger: LoggerPort
}

/** More tries than there will ever be: a job that has failed for good would keep its key from being worked on. */
const retryLimit = 1_000_000

/**
 * Makes pg-boss's tables and the queue where they are missing, or brings them up to date, as the owner; the worker role may use
 * them, and nobody else. May run from several processes at once.
 * @throws UnsafeDatabaseError where the login may not, with what a superuser must do
 */
export async function installJobs({ url, schema, jobsSchema, options, logger }: InstallJobs): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'cairn jobs', connectionTimeoutMillis: 5_000 })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select pg_advisory_lock(hashtext($1), hashtext($2))', ['cairn jobs', jobsSchema])
    await becomeOwner(client, schema)
    await makeSchema(client, schema, jobsSchema)
    await makeTables(client, jobsSchema, options)
    const { worker } = rolesOf(schema)
    await client.query(`
      grant usage on schema ${jobsSchema} to ${worker};
      revoke all on all functions in schema ${jobsSchema} from public;
      grant select, insert, update, delete on all tables in schema ${jobsSchema} to ${worker};
      grant usage on all sequences in schema ${jobsSchema} to ${worker};
      grant execute on all functions in schema ${jobsSchema} to ${worker}`)
    logger.debug(`The schema ${jobsSchema} of the jobs is up to date.`)
  } catch (error) {
    throw isConnectionFailure(error) ? new DatabaseUnavailableError('making the schema of the jobs', error) : error
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function makeSchema(client: Client, schema: string, jobsSchema: string): Promise<void> {
  const { owner } = rolesOf(schema)
  const { rows } = await client.query<{ owner: string }>('select nspowner::regrole::text as owner from pg_namespace where nspname = $1', [
    jobsSchema,
  ])
  const [found] = rows
  if (found !== undefined) {
    if (found.owner === owner) return
    throw new UnsafeDatabaseError(
      `The schema ${jobsSchema} belongs to ${found.owner}.`,
      `Run: alter schema ${jobsSchema} owner to ${owner};`,
      {
        schema: jobsSchema,
      },
    )
  }
  // As the login, which may create schemas: the owner's role need not.
  await client.query('reset role')
  try {
    await client.query(`create schema ${jobsSchema} authorization ${owner}`)
  } catch (error) {
    if (sqlStateOf(error) !== '42501') throw error
    throw new UnsafeDatabaseError(
      'This login may not create schemas in this database.',
      `Run as a superuser: create schema ${jobsSchema} authorization ${owner};`,
      { cause: String(error) },
    )
  }
  await client.query(`set role ${owner}`)
}

async function makeTables(client: Client, jobsSchema: string, options: InstallJobs['options']): Promise<void> {
  const boss = new PgBoss({
    schema: jobsSchema,
    db: { executeSql: (text, values) => client.query(text, values) },
    createSchema: false,
    supervise: false,
    schedule: false,
  })
  const errors: unknown[] = []
  boss.on('error', (error) => errors.push(error))
  await boss.start()
  try {
    const { queue, heartbeatSeconds, expireSeconds, keepSeconds } = options
    const settings = {
      retryLimit,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 60,
      expireInSeconds: expireSeconds,
      heartbeatSeconds,
      deleteAfterSeconds: keepSeconds,
    }
    if ((await boss.getQueue(queue)) === null) await boss.createQueue(queue, { ...settings, policy: 'key_strict_fifo' })
    else await boss.updateQueue(queue, settings)
  } finally {
    await boss.stop({ close: false, graceful: false })
  }
  if (errors.length > 0) throw errors[0]
}
