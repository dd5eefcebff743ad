-- Takes a partition, raising its fence; all null when somebody else has it, its state does not run, or the definition is
-- another. The partition's row is locked first, so the commit that an ex-owner has under way ends before (waited for p_wait_ms;
-- null after that, too), and the lease's row only for a moment.
create or replace function subscription_take(
  p_name text, p_generation int, p_partition int, p_owner text, p_fingerprint text, p_lease_ms int, p_wait_ms int,
  out fence bigint, out checkpoint bigint, out commits bigint, out state text, out kind text, out blocked json
)
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v subscription_partitions;
  v_kind text;
begin
  perform from subscription_leases l
    where l.name = p_name and l.generation = p_generation and l.partition = p_partition
      and (l.owner is null or l.owner = p_owner or l.expires_at <= clock_timestamp());
  if not found then
    return;
  end if;
  perform set_config('lock_timeout', p_wait_ms::text, true);
  begin
    select * into v from subscription_partitions p
     where p.name = p_name and p.generation = p_generation and p.partition = p_partition for update;
  exception when lock_not_available then
    return;
  end;
  -- Seen by a later statement than the lock: a definition is changed under the same one.
  select s.kind into v_kind from subscriptions s where s.name = p_name and s.generation = p_generation and s.fingerprint = p_fingerprint;
  if not found or subscription_runs(v.state) is not true then
    return;
  end if;
  update subscription_leases l
     set owner = p_owner, fence = v.fence + 1, expires_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
   where l.name = p_name and l.generation = p_generation and l.partition = p_partition
     and (l.owner is null or l.owner = p_owner or l.expires_at <= clock_timestamp());
  if not found then
    return;
  end if;
  update subscription_partitions p set fence = v.fence + 1
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition;
  fence := v.fence + 1;
  checkpoint := v.checkpoint;
  commits := v.commits;
  state := v.state;
  kind := v_kind;
  select coalesce(json_agg(distinct e.parking_key), '[]') into blocked from parked_events e
   where e.name = p_name and e.generation = p_generation and e.partition = p_partition;
end
$$;
