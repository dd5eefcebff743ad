-- Subscriptions: the worker role reads everything and changes it through the functions alone, so that effects which run as the
-- worker cannot move a checkpoint past its fence. The application reads how far each subscription is, to wait for it.
alter table parked_events enable row level security;
drop policy if exists app_reads_its_tenants on parked_events;
create policy app_reads_its_tenants on parked_events for select to cairn_app using (tenant_id = any ((select tenants())::text[]));
drop policy if exists worker_reads_all on parked_events;
create policy worker_reads_all on parked_events for select to cairn_worker using (true);
do $$
declare
  c text;
begin
  -- See tenant-isolation.sql: samples would tell everybody what is in other tenants' rows.
  for c in select a.attname from pg_attribute a
            where a.attrelid = 'parked_events'::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid in ('text'::regtype, 'uuid'::regtype, 'jsonb'::regtype)
  loop
    execute format('alter table parked_events alter column %I set statistics 0', c);
  end loop;
end
$$;

grant select on log_identity, subscriptions, subscription_partitions, subscription_leases, subscription_members, parked_events to cairn_worker;
grant select on subscriptions, parked_events to cairn_app;
-- Not the failures: their texts may hold what is some tenant's.
grant select (name, generation, partition, state, checkpoint) on subscription_partitions to cairn_app;
grant execute on function
  subscription_status, subscription_register, subscription_heartbeat, subscription_take, subscription_release, subscription_leave,
  subscription_commit, subscription_commits, subscription_mark, subscription_control, subscription_reset, subscription_remove,
  parked_list, parked_request, log_id, log_head, position_at, read_log_page
to cairn_worker;
