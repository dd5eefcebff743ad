-- Moves every partition of a subscription to a state, all or none. known false: there is no such subscription. refused: the
-- state of a partition that may not move so. Partitions that are there already stay as they are.
create or replace function subscription_control(p_name text, p_generation int, p_state text, out known boolean, out refused text)
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '20s'
as $$
begin
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  known := found;
  select p.state into refused from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.state <> p_state and not subscription_may_move(p.state, p_state)
   order by p.partition limit 1;
  if refused is null then
    update subscription_partitions p
       set state = p_state, updated_at = clock_timestamp(), failure = case when subscription_runs(p_state) then null else p.failure end
     where p.name = p_name and p.generation = p_generation and p.state <> p_state;
  end if;
end
$$;

-- Moves the checkpoints of a paused subscription and forgets its parked events. Answers as subscription_control.
create or replace function subscription_reset(p_name text, p_generation int, p_position bigint, out known boolean, out refused text)
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '20s'
as $$
begin
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  known := found;
  select p.state into refused from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.state <> 'paused' order by p.partition limit 1;
  if refused is null then
    perform subscription_dispossess(p_name, p_generation);
    delete from parked_events e where e.name = p_name and e.generation = p_generation;
    update subscription_partitions p set checkpoint = p_position, failure = null, updated_at = clock_timestamp()
     where p.name = p_name and p.generation = p_generation;
  end if;
end
$$;

-- Forgets a subscription with all that is kept of it.
create or replace function subscription_remove(p_name text, p_generation int) returns void
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '20s'
as $$
begin
  perform from subscriptions s where s.name = p_name and s.generation = p_generation for update;
  -- The commits under way end first.
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  delete from subscriptions s where s.name = p_name and s.generation = p_generation;
end
$$;
