import type { Client } from 'pg'

/** Something that a login can do, by itself or by a role that it could take, and that opens every tenant. */
export interface LoginPower {
  /** As the end of a sentence about the login. */
  readonly what: string
  /** True where row-level security does not bind it at all. */
  readonly seesAll: boolean
  /** The statement that takes the power away. */
  readonly remedy: string
}

/** The powers of the connection's login beside the schema's own roles. Membership is enough: SET ROLE needs no more. */
export async function readPowers(client: Client, schema: string): Promise<readonly LoginPower[]> {
  const { rows } = await client.query<LoginPower>(
    `with reachable as (
       select r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication from pg_roles r
        where pg_has_role(session_user, r.oid, 'member') and r.rolname <> all ($2)
     )
     select what, "seesAll", remedy from (
       select 1 as rank, case when rolname = session_user then 'is a superuser' else 'is a member of the superuser ' || rolname end as what,
              true as "seesAll",
              case when rolname = session_user then 'alter role ' || session_user || ' nosuperuser' else 'revoke ' || rolname || ' from ' || session_user end as remedy
         from reachable where rolsuper
       union all
       select 2, case when rolname = session_user then 'bypasses row-level security' else 'is a member of ' || rolname || ', which bypasses row-level security' end,
              true, 'alter role ' || rolname || ' nobypassrls' from reachable where rolbypassrls and not rolsuper
       union all
       -- Before version 16 it could grant itself any role.
       select 3, 'may create roles', false, 'alter role ' || rolname || ' nocreaterole' from reachable where rolcreaterole
       union all
       -- The write-ahead log holds every tenant.
       select 4, 'may read the replication stream', false, 'alter role ' || rolname || ' noreplication' from reachable where rolreplication
       union all
       select 5, 'is a member of ' || rolname, false, 'revoke ' || rolname || ' from ' || session_user from reachable
        where rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
       union all
       select 6, 'may read the key that signs tenant contexts', false, 'revoke all on ' || $1 || '.secret from ' || rolname
         from reachable, pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = 'secret' and has_any_column_privilege(reachable.oid, c.oid, 'select')
       union all
       select 7, 'may create objects in the schema', false, 'revoke create on schema ' || $1 || ' from ' || rolname
         from reachable, pg_namespace n where n.nspname = $1 and has_schema_privilege(reachable.oid, n.oid, 'create')
     ) powers order by rank`,
    [schema, [`${schema}_owner`, `${schema}_app`, `${schema}_worker`, `${schema}_maintenance`]],
  )
  return rows
}
