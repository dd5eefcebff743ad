-- Records the changes of a table from now on: run by somebody who owns the table and is a member of the schema's owner role. The same
-- again changes what is recorded. p_notify sends a hint with each commit: readers are quicker, and commits of the table's writers wait
-- for each other, because NOTIFY takes a lock for the whole database.
create or replace function watch_table(p_schema text, p_table text, p_operations text[] default '{INSERT,UPDATE,DELETE}', p_notify boolean default false)
returns void
language plpgsql volatile
set search_path from current
as $$
declare
  v_own constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'changes'::regclass);
  v_kind "char";
begin
  if p_schema = v_own then
    raise exception using errcode = 'ZC020', message = format('%s.%s is a table of Cairn''s own: pumps read the log and the commands without being watched', p_schema, p_table);
  end if;
  if cardinality(p_operations) = 0 or not p_operations <@ '{INSERT,UPDATE,DELETE}' then
    raise exception using errcode = 'ZC020', message = 'operations are INSERT, UPDATE and DELETE, at least one of them';
  end if;
  select c.relkind into v_kind from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = p_schema and c.relname = p_table;
  if v_kind is null or v_kind not in ('r', 'p') then
    raise exception using errcode = 'ZC020', message = format('there is no table %s.%s', p_schema, p_table);
  end if;
  execute format('create or replace trigger %I after %s on %I.%I for each row execute function record_change(%L, %L, %L, %L)',
                 v_own || '_changes', array_to_string(p_operations, ' or '), p_schema, p_table, p_schema, p_table,
                 case when p_notify then 'notify' else '' end, v_own || '_hint');
end
$$;

-- Ends it. What was recorded stays until it is removed as old.
create or replace function unwatch_table(p_schema text, p_table text) returns void
language plpgsql volatile
set search_path from current
as $$
declare
  v_own constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'changes'::regclass);
begin
  execute format('drop trigger if exists %I on %I.%I', v_own || '_changes', p_schema, p_table);
end
$$;

-- The operations that are recorded of a table; empty where it is not watched.
create or replace function watched_operations(p_schema text, p_table text) returns text[]
language sql stable security definer
set search_path from current
as $$
  select coalesce(array_agg(o.operation), '{}')
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    join (values ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16)) o(operation, bit) on t.tgtype & o.bit <> 0
   where n.nspname = p_schema and c.relname = p_table and t.tgfoid = 'record_change'::regproc and t.tgenabled in ('O', 'A')
$$;
