-- Moves a partition to another state, or gives it another failure, for the holder of its lease. 0 the lease was lost, 1 moved, 2 the move is not allowed.
-- A state that an operator has set (paused, detached, retired) is not the holder's to leave.
create or replace function subscription_mark(
  p_name text, p_generation int, p_partition int, p_fence bigint, p_state text, p_failure jsonb
) returns int
language plpgsql volatile security definer
set search_path from current
as $$
begin
  update subscription_partitions p set state = p_state, failure = p_failure, updated_at = clock_timestamp()
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence
     and subscription_runs(p.state) and (p.state = p_state or subscription_may_move(p.state, p_state));
  if found then
    return 1;
  end if;
  perform from subscription_partitions p
    where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence;
  return case when found then 2 else 0 end;
end
$$;
