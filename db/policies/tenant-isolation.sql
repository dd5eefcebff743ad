-- The log: who reads and who calls what.
-- The boot check compares them with what the code knows.
grant select on migrations, applied_files to cairn_app, cairn_worker, cairn_maintenance;

do $$
declare
  t text;
  c text;
begin
  foreach t in array array['streams', 'events', 'commands', 'snapshots', 'reservations'] loop
    -- Samples of a column would go into the planner's estimates, and EXPLAIN tells them to everybody: by asking with <, other
    -- tenants' names, users and reserved keys can be found out letter by letter. Cairn's statements need none of them.
    for c in select a.attname from pg_attribute a
              where a.attrelid = t::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid in ('text'::regtype, 'uuid'::regtype, 'bytea'::regtype, 'jsonb'::regtype)
    loop
      execute format('alter table %I alter column %I set statistics 0', t, c);
    end loop;
    execute format('alter table %I enable row level security', t);
    execute format('drop policy if exists app_reads_its_tenants on %I', t);
    execute format('create policy app_reads_its_tenants on %I for select to cairn_app using (tenant_id = any ((select tenants())::text[]))', t);
    execute format('drop policy if exists worker_reads_all on %I', t);
    execute format('create policy worker_reads_all on %I for select to cairn_worker using (true)', t);
    execute format('grant select on %I to cairn_app, cairn_worker', t);
  end loop;
end
$$;
grant select on domain_events, event_store to cairn_app, cairn_worker;

-- The policy above calls it as whoever asks.
grant execute on function tenants() to cairn_app, cairn_worker;
grant execute on function
  enter_context, append_many, append_one, load_streams, read_stream, read_tenant_log, query_events, count_events, results_of, count_existing,
  close_stream, reserve, release, command_upsert, command_hand_over, command_claim, command_mark, command_query, command_delete,
  commands_upsert, commands_take, commands_finish, commands_get
to cairn_app;
grant execute on function horizon, read_log, sequence_state to cairn_worker;
grant execute on function horizon, sequence_state to cairn_app;
grant execute on function remove_receipts to cairn_maintenance;
