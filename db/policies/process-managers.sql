-- Instances of process managers, and who carries commands out. The worker role changes both through the functions alone.
alter table process_instances enable row level security;
drop policy if exists app_reads_its_tenants on process_instances;
create policy app_reads_its_tenants on process_instances for select to cairn_app using (tenant_id = any ((select tenants())::text[]));
drop policy if exists worker_reads_all on process_instances;
create policy worker_reads_all on process_instances for select to cairn_worker using (true);
do $$
declare
  c text;
begin
  -- As for the log: no samples that EXPLAIN would tell.
  for c in select a.attname from pg_attribute a
            where a.attrelid = 'process_instances'::regclass and a.attnum > 0 and not a.attisdropped
              and a.atttypid in ('text'::regtype, 'uuid'::regtype, 'bytea'::regtype, 'jsonb'::regtype)
  loop
    execute format('alter table process_instances alter column %I set statistics 0', c);
  end loop;
end
$$;
grant select on process_instances, process_instances_waiting to cairn_app, cairn_worker;
grant select on command_workers to cairn_worker;

-- A role that is granted INSERT on commands may send them, and nothing but that: it cannot forge what is kept of those that ran.
-- Its times lie between 1970 and 9999 (least and greatest leave nulls out), its number in what JavaScript counts exactly.
drop policy if exists whoever_may_insert on commands;
create policy whoever_may_insert on commands for insert to public
  with check (status = 'pending' and hash is null and version is null and stream_id is null and position is null and first_version is null
              and owner is null and retry_at is null and attempts = 0 and result is null and error is null and type is not null
              and least(created_at, due_at, updated_at) >= to_timestamp(0)
              and greatest(created_at, due_at, updated_at) < to_timestamp(253402300800)
              and seq between 0 and 9007199254740991);

grant execute on function enqueue_own_commands, cancel_own_commands to cairn_app;
grant execute on function
  enqueue_commands, cancel_commands, claim_due_commands, raw_commands, admit_commands, refuse_commands, unknown_commands,
  worker_beat, worker_leave, settle_commands, handed_commands, give_back_orphans, load_process_instances, save_process_instances,
  lock_process_instance, list_process_instances, count_process_instances
to cairn_worker;
grant execute on function remove_finished_commands to cairn_maintenance;
