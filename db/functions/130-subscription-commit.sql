-- What a partition's transaction leaves behind. The last of its statements, alone or after effects: the checkpoint's UPDATE is
-- the last in here, and it alone decides whether all of it stands. ZC005 the fence was raised (or this commit came already),
-- ZC006 the checkpoint would move back.
--
-- p_commits  commits of this partition before this one: of two that carry the same number only one can take effect
-- p_park     [{"parkingKey", "position", "eventId", "tenantId", "type", "status", "failure"}, …] or null
create or replace function subscription_commit(
  p_name text, p_generation int, p_partition int, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]
) returns void
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if p_unpark is not null then
    -- What waited behind them is asked for by that: whoever dies now leaves nobody behind who waits for nothing.
    with gone as (
      delete from parked_events e
       where e.name = p_name and e.generation = p_generation and e.partition = p_partition and e.position = any (p_unpark)
      returning e.parking_key
    )
    update parked_events e set request = 'retry'
     where e.name = p_name and e.generation = p_generation and e.partition = p_partition and e.status = 'waiting' and e.request is null
       and e.position <> all (p_unpark) and e.parking_key in (select g.parking_key from gone g);
  end if;
  if p_park is not null then
    insert into parked_events as e (name, generation, partition, position, parking_key, event_id, tenant_id, type, status, failure)
    select p_name, p_generation, p_partition, x.position, x."parkingKey", x."eventId", x."tenantId", x.type, x.status, x.failure
      from jsonb_to_recordset(p_park) x(position bigint, "parkingKey" text, "eventId" uuid, "tenantId" text, type text, status text, failure jsonb)
    on conflict (name, generation, partition, position)
    -- Somebody may have given an event up while it was tried again: that stands.
    do update set status = excluded.status, failure = excluded.failure, request = case e.request when 'discard' then e.request end;
  end if;
  update subscription_partitions p
     set checkpoint = coalesce(p_checkpoint, p.checkpoint), commits = p.commits + 1, updated_at = clock_timestamp()
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition
     and p.fence = p_fence and p.commits = p_commits and coalesce(p_checkpoint >= p.checkpoint, true);
  if found then
    return;
  end if;
  perform from subscription_partitions p
    where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence and p.commits = p_commits;
  if found then
    raise exception using errcode = 'ZC006', message = 'the checkpoint would move back';
  end if;
  raise exception using errcode = 'ZC005', message = 'the lease was lost';
end
$$;

-- How often a partition was committed, and its fence, when no commit is under way any more: for one whose answer was lost. Its
-- transaction holds the row from its last statement on, so this waits for its end. Null where there is no such partition.
create or replace function subscription_commits(
  p_name text, p_generation int, p_partition int, out fence bigint, out commits bigint, out kind text
)
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '20s'
as $$
begin
  select p.fence, p.commits into fence, commits from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition for update;
  select s.kind into kind from subscriptions s where s.name = p_name and s.generation = p_generation;
end
$$;
