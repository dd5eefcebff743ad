import { disguise, literal, statements, type Attack } from './attack.ts'

/** Ways out of the role, and ways in by what PostgreSQL keeps about the tables. */
export const escapes: readonly Attack[] = [
  disguise('becomes another role', ({ schema, superuser }) =>
    [`${schema}_owner`, `${schema}_worker`, `${schema}_maintenance`, superuser, 'pg_read_all_data', 'none'].flatMap((role) => [
      `set role ${role}`,
      `set local role ${role}`,
      `set session authorization ${role}`,
      `select set_config('role', ${literal(role)}, false)`,
      `select set_config('session_authorization', ${literal(role)}, false)`,
    ]),
  ),
  disguise('gives itself a role', ({ schema, login }) => [
    ...['owner', 'worker', 'maintenance'].flatMap((role) => [
      `grant ${schema}_${role} to ${login}`,
      `grant ${schema}_${role} to ${schema}_app`,
    ]),
    `alter role ${login} superuser`,
    `alter role ${login} bypassrls`,
    `alter role ${login} createrole`,
    `alter role ${schema}_app bypassrls`,
    `alter group ${schema}_worker add user ${login}`,
    `create role evil in role ${schema}_worker`,
    `grant select on all tables in schema ${schema} to ${login}`,
    `alter default privileges in schema ${schema} grant select on tables to ${login}`,
    `reassign owned by ${schema}_owner to ${login}`,
    `drop owned by ${schema}_owner`,
  ]),
  disguise('turns the policies off', ({ schema, relations, login }) => [
    'set row_security = off',
    'set row_security = on',
    'set session_replication_role = replica',
    `alter role ${login} set row_security = off`,
    `alter role ${login} reset row_security`,
    'alter system set row_security = off',
    ...relations.flatMap((relation) => [
      `alter table ${relation} disable row level security`,
      `alter table ${relation} owner to ${login}`,
      `drop policy app_reads_its_tenants on ${relation}`,
      `create policy mine on ${relation} using (true)`,
      `alter policy app_reads_its_tenants on ${relation} using (true)`,
      `create rule mine as on select to ${relation} do instead select 1`,
      `create trigger mine before insert on ${relation} for each row execute function suppress_redundant_updates_trigger()`,
    ]),
    `alter view ${schema}.domain_events set (security_invoker = false)`,
  ]),
  disguise('inherits, references and indexes the tables', ({ relations }) =>
    relations.flatMap((relation, i) => [
      `create temp table child${i} () inherits (${relation})`,
      `select to_jsonb(t) from child${i} t`,
      `create temp table parent${i} (like ${relation}) partition by list (tenant_id)`,
      `alter table parent${i} attach partition ${relation} default`,
      `create temp table refers${i} (tenant_id text references ${relation})`,
      `create index on ${relation} (tenant_id)`,
      `create statistics mine${i} on tenant_id, ctid from ${relation}`,
      `analyze ${relation}`,
      `explain analyze select to_jsonb(t) from ${relation} t`,
      `explain (verbose, format json) select to_jsonb(t) from ${relation} t where tenant_id = 'bravo'`,
    ]),
  ),
  statements('reads the statistics, the storage and the files', ({ schema, relations }) => [
    `select to_jsonb(s) from pg_stats s where schemaname = '${schema}'`,
    `select to_jsonb(s) from pg_stats_ext s where schemaname = '${schema}'`,
    `select to_jsonb(s) from pg_stats_ext_exprs s where schemaname = '${schema}'`,
    'select to_jsonb(s) from pg_statistic s',
    'select to_jsonb(s) from pg_statistic_ext_data s',
    `do $$ declare t text; r record; begin
       for t in select c.reltoastrelid::regclass::text from pg_class c where c.relnamespace = '${schema}'::regnamespace and c.reltoastrelid <> 0 loop
         begin for r in execute 'select * from ' || t loop raise notice '%', r; end loop; exception when insufficient_privilege then null; end;
       end loop; end $$`,
    ...relations.flatMap((r) => [
      `select pg_read_binary_file(pg_relation_filepath('${r}'))`,
      `select * from pg_ls_dir(pg_relation_filepath('${r}'))`,
    ]),
    ...['pageinspect', 'pg_visibility', 'dblink', 'file_fdw', 'pgstattuple', 'adminpack', 'lo'].map((name) => `create extension ${name}`),
    `copy pg_temp.x from program 'cat'`,
    `select pg_create_logical_replication_slot('mine', 'test_decoding')`,
    'create publication mine for all tables',
    "select lo_import('/etc/passwd')",
    "load 'auto_explain'",
  ]),
  statements('looks at what the server does', () => [
    'select to_jsonb(s) from pg_stat_activity s',
    'select to_jsonb(s) from pg_stat_statements s',
    'select to_jsonb(s) from pg_prepared_statements s',
    'select to_jsonb(s) from pg_cursors s',
    'select to_jsonb(s) from pg_locks s',
    'select to_jsonb(s) from pg_stat_all_tables s',
    'select to_jsonb(s) from pg_sequences s',
    'select to_jsonb(s) from pg_authid s',
    'select to_jsonb(s) from pg_user_mappings s',
  ]),
]
