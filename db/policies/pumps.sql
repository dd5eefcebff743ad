-- Changes of watched tables: the worker role reads them, nobody writes them but the trigger, and the maintenance role removes old ones
-- through its function. The application sees none: whose they are is the watched tables' own business.
alter table changes enable row level security;
drop policy if exists worker_reads_all on changes;
create policy worker_reads_all on changes for select to cairn_worker using (true);
do $$
declare
  c text;
begin
  -- As for the log: no samples that EXPLAIN would tell.
  for c in select a.attname from pg_attribute a
            where a.attrelid = 'changes'::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid in ('text'::regtype, 'jsonb'::regtype)
  loop
    execute format('alter table changes alter column %I set statistics 0', c);
  end loop;
end
$$;
grant select on changes to cairn_worker;
grant execute on function change_horizon, read_changes, change_head, change_position_at, watched_operations, pending_commands to cairn_worker;
grant execute on function remove_changes to cairn_maintenance;
