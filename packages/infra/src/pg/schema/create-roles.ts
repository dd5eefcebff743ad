import { UnsafeDatabaseError } from '@cairn/core'
import type { Client } from 'pg'
import { sqlStateOf } from '../connection/sql-state.ts'
import { rolesOf } from './schema-name.ts'

/** Creates the schema's roles where they are missing. Roles belong to the cluster: another database may be doing the same. */
export async function createRoles(client: Client, schema: string): Promise<void> {
  const roles = Object.values(rolesOf(schema))
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any ($1)', [roles])
  const missing = roles.filter((role) => !rows.some((row) => row.rolname === role))
  for (const role of missing) {
    try {
      await client.query(`do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$`)
    } catch (error) {
      if (sqlStateOf(error) !== '42501') throw error
      throw new UnsafeDatabaseError(
        `The roles ${missing.join(', ')} do not exist and this login may not create them.`,
        `Run as a superuser: ${missing.map((name) => `create role ${name} nologin;`).join(' ')} and grant them to this login.`,
        { missing, cause: String(error) },
      )
    }
  }
  const { rows: bad } = await client.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname = any ($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcanlogin)',
    [roles],
  )
  const first = bad[0]
  if (first !== undefined) {
    throw new UnsafeDatabaseError(
      `Role ${first.rolname} is a superuser, bypasses row-level security, may create roles or may log in.`,
      `Run: alter role ${first.rolname} nosuperuser nobypassrls nocreaterole nologin; logins are members of it.`,
    )
  }
}
