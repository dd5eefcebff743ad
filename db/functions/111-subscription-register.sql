-- Stores a subscription, or compares what is stored with the code. outcome 1 stored as the code says (new, the same, or its
-- version raised), 2 the stored version is higher, 3 the definition differs under the same version, 4 the number of partitions
-- differs and they do not stand at one checkpoint (or hold parked events), so the keys cannot be shared out anew.
create or replace function subscription_register(
  p_name text, p_generation int, p_kind text, p_version int, p_fingerprint text, p_partitions int, p_start bigint, p_state text,
  out outcome int, out stored int, out partitions int, out status json
)
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '20s'
as $$
declare
  s subscriptions;
begin
  outcome := 1;
  insert into subscriptions (name, generation, kind, version, fingerprint)
  values (p_name, p_generation, p_kind, p_version, p_fingerprint) on conflict do nothing;
  if found then
    insert into subscription_partitions (name, generation, partition, state, checkpoint)
    select p_name, p_generation, i, p_state, p_start from generate_series(0, p_partitions - 1) i;
    insert into subscription_leases (name, generation, partition)
    select p_name, p_generation, i from generate_series(0, p_partitions - 1) i;
  else
    -- Not FOR UPDATE: that would wait for every transaction that parks an event.
    select * into s from subscriptions x where x.name = p_name and x.generation = p_generation for no key update;
    if not found then
      raise exception using errcode = '40001', message = 'the subscription was removed at this moment';
    end if;
    stored := s.version;
    select count(*) into partitions from subscription_partitions p where p.name = p_name and p.generation = p_generation;
    if s.version > p_version then
      outcome := 2;
    elsif s.version = p_version then
      if s.fingerprint <> p_fingerprint or partitions <> p_partitions then
        outcome := 3;
      end if;
    else
      -- Every commit under way ends first.
      perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
      if partitions <> p_partitions then
        if (select count(distinct p.checkpoint) from subscription_partitions p where p.name = p_name and p.generation = p_generation) > 1
           or exists (select from parked_events e where e.name = p_name and e.generation = p_generation) then
          outcome := 4;
          return;
        end if;
        insert into subscription_partitions (name, generation, partition, state, checkpoint)
        select p_name, p_generation, i, p.state, p.checkpoint
          from subscription_partitions p, generate_series(partitions, p_partitions - 1) i
         where p.name = p_name and p.generation = p_generation and p.partition = 0;
        insert into subscription_leases (name, generation, partition)
        select p_name, p_generation, i from generate_series(partitions, p_partitions - 1) i;
        delete from subscription_partitions p where p.name = p_name and p.generation = p_generation and p.partition >= p_partitions;
      end if;
      update subscriptions x set kind = p_kind, version = p_version, fingerprint = p_fingerprint
       where x.name = p_name and x.generation = p_generation;
      perform subscription_dispossess(p_name, p_generation);
    end if;
  end if;
  if outcome = 1 then
    status := subscription_status(p_name, p_generation);
  end if;
end
$$;

-- Takes every lease of a subscription from whoever holds it: their next commit and their next heartbeat find a higher fence.
-- For functions of ours that have locked the partitions' rows: the order is subscription, partitions, leases.
create or replace function subscription_dispossess(p_name text, p_generation int) returns void
language plpgsql volatile
as $$
begin
  perform from subscription_leases l where l.name = p_name and l.generation = p_generation order by l.partition for update;
  update subscription_partitions p set fence = p.fence + 1 where p.name = p_name and p.generation = p_generation;
  update subscription_leases l set fence = p.fence, owner = null, expires_at = '-infinity'
    from subscription_partitions p
   where l.name = p_name and l.generation = p_generation
     and p.name = l.name and p.generation = l.generation and p.partition = l.partition;
end
$$;
