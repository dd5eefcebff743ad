-- Removes changes that were recorded before p_before and that every pump has read, at most p_limit of them, oldest first; returns how
-- many. One that is parked, and all behind it, stays. A subscription that is retired reads nothing any more. Call until it returns
-- less than p_limit.
create or replace function remove_changes(p_before timestamptz, p_limit int) returns int
language plpgsql volatile security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  v_horizon constant bigint := change_horizon();
  v_read bigint;
  v_removed int;
begin
  -- Null, and so nothing is removed, where there is no pump: what is watched is watched for one that is still to come.
  select case when count(*) > 0 then least(v_horizon, min(p.checkpoint),
               (select min(e.position) - 1 from parked_events e join subscriptions s using (name, generation) where s.kind = 'pump')) end
    into v_read
    from subscription_partitions p join subscriptions s using (name, generation)
   where s.kind = 'pump' and p.state <> 'retired';
  delete from changes c using (
    select x.change_id from changes x where x.change_id <= v_read and x.recorded_at < p_before order by x.change_id limit p_limit
  ) old where c.change_id = old.change_id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
