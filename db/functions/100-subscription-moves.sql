-- The moves that a subscription's state may make. They stand in core (subscriptionMoves, runningStates) and here, and a test
-- compares them.
create or replace function subscription_may_move(p_from text, p_to text) returns boolean
language sql immutable parallel safe
as $$
  select case p_from
    when 'new' then p_to in ('catching-up', 'live', 'paused', 'retrying', 'failed', 'detached', 'rebuilding', 'retired')
    when 'catching-up' then p_to in ('live', 'paused', 'retrying', 'failed', 'detached', 'retired')
    when 'live' then p_to in ('catching-up', 'paused', 'retrying', 'failed', 'detached', 'retired')
    when 'paused' then p_to in ('new', 'catching-up', 'rebuilding', 'detached', 'retired')
    when 'retrying' then p_to in ('catching-up', 'live', 'paused', 'failed', 'detached', 'retired', 'rebuilding')
    when 'failed' then p_to in ('catching-up', 'rebuilding', 'paused', 'detached', 'retired')
    when 'detached' then p_to in ('catching-up', 'paused', 'retired')
    when 'rebuilding' then p_to in ('catching-up', 'live', 'paused', 'failed', 'retrying', 'detached', 'retired')
    when 'retired' then p_to in ('catching-up', 'detached')
    else false
  end
$$;

-- States in which the holder of a lease goes on.
create or replace function subscription_runs(p_state text) returns boolean
language sql immutable parallel safe
as $$
  select p_state in ('new', 'catching-up', 'live', 'retrying', 'rebuilding')
$$;
