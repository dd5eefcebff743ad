-- Subscriptions: the worker role reads everything and changes it through the functions alone, so that effects which run as the
-- worker cannot move a checkpoint past its fence. The application reads how far each subscription is, to wait for it.
alter table parked_events enable row level security;
drop policy if exists worker_reads_all on parked_events;
create policy worker_reads_all on parked_events for select to cairn_worker using (true);

grant select on log_identity, subscriptions, subscription_partitions, subscription_leases, subscription_members, parked_events to cairn_worker;
grant select on subscriptions to cairn_app;
-- Not the failures: their texts may hold what is a tenant's.
grant select (name, generation, partition, state, checkpoint) on subscription_partitions to cairn_app;
grant execute on function
  subscription_status, subscription_register, subscription_heartbeat, subscription_take, subscription_release, subscription_leave,
  subscription_commit, subscription_commits, subscription_mark, subscription_control, subscription_reset, subscription_remove,
  parked_list, parked_request, log_id, log_head, position_at, read_log_page
to cairn_worker;
