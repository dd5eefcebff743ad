import { DatabaseUnavailableError } from '@cairn/core'
import { Client, type QueryResultRow } from 'pg'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { becomeOwner } from '../schema/become-owner.ts'
import { rolesOf, type SchemaRoles } from '../schema/schema-name.ts'

/** A connection as the schema's owner, found by whose search_path names need no schema. */
export interface OwnerSession {
  readonly schema: string
  readonly roles: SchemaRoles
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  run(statements: readonly string[]): Promise<void>
  /** Runs work in one transaction; whatever it throws rolls it back. */
  transaction<T>(work: () => Promise<T>): Promise<T>
}

/** Opens a session for one piece of work: changes of tables are rare, and no connection waits idle with the owner's rights. */
export async function asOwner<T>(url: string, schema: string, what: string, work: (session: OwnerSession) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'cairn projections',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  })
  // A connection that breaks rejects the query; as an unheard event it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await becomeOwner(client, schema)
    await client.query(`set search_path to ${schema}, pg_temp`)
    return await work(sessionOn(client, schema))
  } catch (error) {
    throw isConnectionFailure(error) ? new DatabaseUnavailableError(what, error) : error
  } finally {
    await client.end().catch(() => undefined)
  }
}

function sessionOn(client: Client, schema: string): OwnerSession {
  return {
    schema,
    roles: rolesOf(schema),
    query: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows,
    run: async (statements) => {
      if (statements.length > 0) await client.query(statements.join(';\n'))
    },
    transaction: async (work) => {
      await client.query('begin')
      try {
        const result = await work()
        await client.query('commit')
        return result
      } catch (error) {
        // A connection that is gone has rolled back by itself.
        await client.query('rollback').catch(() => undefined)
        throw error
      }
    },
  }
}
