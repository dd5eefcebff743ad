import { UnsafeDatabaseError } from '@cairn/core'
import type { Client } from 'pg'
import { sqlStateOf } from '../connection/sql-state.ts'
import { rolesOf } from './schema-name.ts'

/** Makes the schema where it is missing, and takes its owner's role for the rest of the session. */
export async function becomeOwner(client: Client, schema: string): Promise<void> {
  const { owner } = rolesOf(schema)
  const { rows } = await client.query<{ login: string; database: string; member: boolean; schemaOwner: string | null }>(
    // Since version 16 who creates a role may administer it, which is not yet to take it.
    `select session_user::text as login, current_database()::text as database,
            pg_has_role(session_user, $1::name, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end) as member,
            (select nspowner::regrole::text from pg_namespace where nspname = $2) as "schemaOwner"`,
    [owner, schema],
  )
  const found = rows[0]
  if (found === undefined) throw new UnsafeDatabaseError('The database did not answer the migration.', 'Look into its log.')
  const { login, database, member, schemaOwner } = found
  if (schemaOwner !== null && schemaOwner !== owner) {
    throw new UnsafeDatabaseError(`The schema ${schema} belongs to ${schemaOwner}.`, `Run: alter schema ${schema} owner to ${owner};`, {
      schema,
    })
  }
  if (!member)
    await orRemedy(client, `grant ${owner} to current_user`, `${login} may not take the role ${owner}.`, `grant ${owner} to ${login};`)
  if (schemaOwner === null) {
    await orRemedy(
      client,
      `create schema ${schema} authorization ${owner}`,
      `${login} may not create schemas in this database.`,
      `create schema ${schema} authorization ${owner}; or: grant create on database "${database}" to ${login};`,
    )
  }
  await client.query(`set role ${owner}`)
}

async function orRemedy(client: Client, statement: string, problem: string, remedy: string): Promise<void> {
  try {
    await client.query(statement)
  } catch (error) {
    if (sqlStateOf(error) !== '42501') throw error
    throw new UnsafeDatabaseError(problem, `Run as a superuser: ${remedy}`, { cause: String(error) })
  }
}
