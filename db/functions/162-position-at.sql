-- The position behind which everything recorded at p_time or later stands; the horizon where there is none yet.
--
-- recorded_at is the time at which the writer's transaction began, and positions are drawn later: so along the log it does not
-- quite ascend, and a plain binary search could stop at a straggler and leave out earlier events. But an event that was
-- recorded more than the longest transaction before p_time proves that everything in front of it was drawn before p_time. The
-- search ends there, and the rest is read forward: exact, as long as no transaction is open for longer than an hour and no
-- clock is set back by more.
create or replace function position_at(p_time timestamptz) returns bigint
language plpgsql volatile security definer
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_safe constant timestamptz := p_time - interval '1 hour';
  v_horizon constant bigint := horizon();
  v_low bigint := 0;
  v_high bigint := v_horizon;
  v_middle bigint;
  v_position bigint;
  v_recorded timestamptz;
begin
  -- All up to v_low is surely older; the first event behind v_high is not needed.
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low) / 2;
    select e.position, e.recorded_at into v_position, v_recorded from events e
     where e.position > v_middle and e.position <= v_high order by e.position limit 1;
    if found and v_recorded < v_safe then
      v_low := v_position;
    else
      v_high := v_middle;
    end if;
  end loop;
  select e.position into v_position from events e
   where e.position > v_low and e.position <= v_horizon and e.recorded_at >= p_time order by e.position limit 1;
  return case when found then v_position - 1 else v_horizon end;
end
$$;
