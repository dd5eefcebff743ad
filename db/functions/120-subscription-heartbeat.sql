-- Says that a member lives, renews its leases, and tells who else is there and who holds what. l_… are the leases, aligned.
-- {"renewed": [indices from 1], "members": [[id, label, runs], …],
--  "partitions": [[name, generation, partition, state, owner, fingerprint, requested], …]}
--
-- Touches no row that a commit holds. Leases are locked in the order of their keys, here and everywhere, after the partitions
-- where both are.
create or replace function subscription_heartbeat(
  p_id text, p_label text, p_runs jsonb, p_lease_ms int,
  l_name text[], l_generation int[], l_partition int[], l_owner text[], l_fence bigint[]
) returns json
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_until constant timestamptz := v_now + p_lease_ms * interval '1 millisecond';
  v_renewed json;
begin
  insert into subscription_members (id, label, runs, seen_at, expires_at) values (p_id, p_label, p_runs, v_now, v_until)
  on conflict (id) do update set label = excluded.label, runs = excluded.runs, seen_at = excluded.seen_at, expires_at = excluded.expires_at;
  delete from subscription_members m using (
    select x.id from subscription_members x where x.expires_at < v_now - interval '1 minute' for update skip locked
  ) gone where m.id = gone.id;

  with held as (
    select l.name, l.generation, l.partition, x.i
      from unnest(l_name, l_generation, l_partition, l_owner, l_fence) with ordinality x(name, generation, partition, owner, fence, i)
      join subscription_leases l on l.name = x.name and l.generation = x.generation and l.partition = x.partition
                                and l.owner = x.owner and l.fence = x.fence
     order by l.name, l.generation, l.partition
       for update of l
  ), renewed as (
    update subscription_leases l set expires_at = v_until
      from held h where l.name = h.name and l.generation = h.generation and l.partition = h.partition
    returning h.i
  )
  select coalesce(json_agg(r.i order by r.i), '[]') into v_renewed from renewed r;

  return json_build_object(
    'renewed', v_renewed,
    'members', (select json_agg(json_build_array(m.id, m.label, m.runs) order by m.id) from subscription_members m where m.expires_at > v_now),
    'partitions', (
      select coalesce(json_agg(json_build_array(p.name, p.generation, p.partition, p.state,
                                                case when l.expires_at > v_now then l.owner end, s.fingerprint,
                                                exists (select from parked_events e
                                                         where e.name = p.name and e.generation = p.generation and e.partition = p.partition
                                                           and e.request is not null))
                               order by p.name, p.generation, p.partition), '[]')
        from (select distinct x -> 'key' ->> 'name' as name, (x -> 'key' ->> 'generation')::int as generation from jsonb_array_elements(p_runs) x) r
        join subscriptions s on s.name = r.name and s.generation = r.generation
        join subscription_partitions p on p.name = r.name and p.generation = r.generation
        join subscription_leases l on l.name = p.name and l.generation = p.generation and l.partition = p.partition
    )
  );
end
$$;
