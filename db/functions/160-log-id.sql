-- The log's id: of the uuid made with the schema, the cluster and the database. A dump that is restored elsewhere, or here under
-- another name, is another log by construction, and positions of the old one are refused there.
create or replace function log_id() returns uuid
language sql stable security definer
set search_path from current
as $$
  select encode(substr(sha256(convert_to(concat_ws(' ', i.id, c.system_identifier, d.oid), 'UTF8')), 1, 16), 'hex')::uuid
    from log_identity i, pg_control_system() c, pg_database d where d.datname = current_database()
$$;
