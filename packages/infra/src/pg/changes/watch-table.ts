import { DatabaseUnavailableError, InvalidInputError, UnsafeDatabaseError, type PumpOperation } from '@cairn/core'
import { Client } from 'pg'
import { isConnectionFailure, sqlStateOf } from '../connection/sql-state.ts'
import { assertSchemaName, defaultSchema } from '../schema/schema-name.ts'

export interface WatchedTable {
  /** A login that owns the table and is a member of Cairn's owner role, or a superuser (CAIRN_OWNER_URL). */
  readonly url: string
  readonly schema: string
  readonly table: string
  /** The schema of Cairn's tables. @default 'cairn' */
  readonly cairnSchema?: string | undefined
}

export interface WatchOptions extends WatchedTable {
  /** What is recorded. @default all three */
  readonly operations?: readonly PumpOperation[] | undefined
  /**
   * True wakes pumps with each commit, in place of their next poll. Commits that write the table then wait for each other: NOTIFY
   * takes a lock for the whole database. @default false
   */
  readonly notify?: boolean | undefined
}

/**
 * Records the changes of a table from now on, by a trigger that writes them in the transactions that make them; the same again
 * changes what is recorded. Not recorded are TRUNCATE, and rows that arrive by logical replication.
 * @throws InvalidInputError where there is no such table, UnsafeDatabaseError where the login may not, DatabaseUnavailableError
 */
export async function watchTable(options: WatchOptions): Promise<void> {
  const { schema, table, operations = ['INSERT', 'UPDATE', 'DELETE'], notify = false } = options
  await call(options, 'watch_table($1, $2, $3::text[], $4)', [schema, table, operations, notify])
}

/** Ends it. What was recorded stays until it is removed as old. @throws as `watchTable` */
export async function unwatchTable(table: WatchedTable): Promise<void> {
  await call(table, 'unwatch_table($1, $2)', [table.schema, table.table])
}

async function call({ url, cairnSchema = defaultSchema, schema, table }: WatchedTable, what: string, values: unknown[]): Promise<void> {
  assertSchemaName(cairnSchema)
  const client = new Client({ connectionString: url, application_name: 'cairn watch', connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(`select ${cairnSchema}.${what}`, values)
  } catch (error) {
    if (isConnectionFailure(error)) throw new DatabaseUnavailableError('watching a table', error)
    const message = error instanceof Error ? error.message : String(error)
    const state = sqlStateOf(error)
    if (state === 'ZC020') throw new InvalidInputError('table', `${message}.`, { schema, table })
    if (state === '42501') {
      throw new UnsafeDatabaseError(
        `This login may not watch ${schema}.${table}: ${message}.`,
        `Use a login that owns the table and is a member of ${cairnSchema}_owner.`,
      )
    }
    throw error
  } finally {
    await client.end()
  }
}
