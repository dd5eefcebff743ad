-- Parked and waiting events, ascending by position; each filter that is null is off.
-- [[name, generation, partition, parking key, position, event id, tenant, type, status, request, failure, parked at (ms)], …]
create or replace function parked_list(
  p_name text, p_generation int, p_partition int, p_parking_key text, p_requested boolean, p_after bigint, p_limit int
) returns json
language plpgsql stable security definer
set search_path from current
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select json_agg(json_build_array(e.name, e.generation, e.partition, e.parking_key, e.position, e.event_id, e.tenant_id, e.type, e.status,
                                     e.request, e.failure, (extract(epoch from e.parked_at) * 1000)::bigint)
                    order by e.position, e.name, e.generation)
      from (
        select x.* from parked_events x
         where (p_name is null or x.name = p_name) and (p_generation is null or x.generation = p_generation)
           and (p_partition is null or x.partition = p_partition) and (p_parking_key is null or x.parking_key = p_parking_key)
           and (not p_requested or x.request is not null) and (p_after is null or x.position > p_after)
         order by x.position, x.name, x.generation limit p_limit
      ) e);
end
$$;

-- Flags events for the holder of the lease, those at the positions or, where null, all; answers how many.
create or replace function parked_request(p_name text, p_generation int, p_what text, p_positions bigint[]) returns int
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_count int;
begin
  update parked_events e set request = p_what
   where e.name = p_name and e.generation = p_generation and (p_positions is null or e.position = any (p_positions));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
