-- Subscriptions as JSON, ascending by name and generation; all of them, or one. Null where there is none.
-- [[name, generation, kind, version, fingerprint, created at (ms),
--   [[partition, state, checkpoint, fence, owner, failure, parked, waiting, updated at (ms)], …]], …]
create or replace function subscription_status(p_name text, p_generation int) returns json
language sql stable security definer
set search_path from current
as $$
  select json_agg(json_build_array(s.name, s.generation, s.kind, s.version, s.fingerprint, (extract(epoch from s.created_at) * 1000)::bigint, (
      select json_agg(json_build_array(p.partition, p.state, p.checkpoint, p.fence, case when l.expires_at > clock_timestamp() then l.owner end,
                                       p.failure, coalesce(e.parked, 0), coalesce(e.waiting, 0), (extract(epoch from p.updated_at) * 1000)::bigint)
                      order by p.partition)
        from subscription_partitions p
        join subscription_leases l using (name, generation, partition)
        left join lateral (
          select count(*) filter (where x.status = 'parked') as parked, count(*) filter (where x.status = 'waiting') as waiting
            from parked_events x where x.name = p.name and x.generation = p.generation and x.partition = p.partition
        ) e on true
       where p.name = s.name and p.generation = s.generation
    )) order by s.name, s.generation)
    from subscriptions s
   where (p_name is null or s.name = p_name) and (p_generation is null or s.generation = p_generation)
$$;
