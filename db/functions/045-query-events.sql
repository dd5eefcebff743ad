-- A tenant's events by filters that compose, in keyset pages by position, up to the horizon. A null filter is off.
-- more: the answer was cut (see read_stream). Dropped first: the columns of an answer cannot be replaced.
drop function if exists query_events;
create or replace function query_events(
  p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text,
  p_workflow text, p_user text, p_project text, p_from timestamptz, p_to timestamptz, p_cursor bigint, p_newest_first boolean, p_limit int,
  out events text, out more boolean
)
language plpgsql volatile security definer
set search_path from current
-- Planned anew each time, so that the filters that are off cost nothing and the ones that are on can use an index.
set plan_cache_mode = force_custom_plan
as $$
declare
  v_horizon bigint := horizon();
  v_most constant bigint := 33554432;
  v_bytes bigint := 0;
  v_texts text[];
  v_event text;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the query names a tenant outside of its context';
  end if;
  more := false;
  for v_event in
    select event_json(x) from events x
     where x.tenant_id = p_tenant and x.position <= v_horizon
       and (p_types is null or x.type = any (p_types))
       and (p_aggregate_type is null or x.aggregate_type = p_aggregate_type)
       and (p_aggregate_id is null or x.aggregate_id = p_aggregate_id)
       and (p_correlation is null or x.correlation_id = p_correlation)
       and (p_workflow is null or x.workflow_id = p_workflow)
       and (p_user is null or x.user_id = p_user)
       and (p_project is null or x.project_id = p_project)
       and (p_from is null or x.recorded_at >= p_from)
       and (p_to is null or x.recorded_at < p_to)
       and (p_cursor is null or (p_newest_first and x.position < p_cursor) or (not p_newest_first and x.position > p_cursor))
     -- With the argument known, one of the two is a constant, and the other an order that the primary key has.
     order by case when p_newest_first then x.position end desc, case when not p_newest_first then x.position end limit p_limit
  loop
    v_bytes := v_bytes + octet_length(v_event);
    more := v_texts is not null and v_bytes > v_most;
    exit when more;
    v_texts := array_append(v_texts, v_event);
  end loop;
  events := '[' || array_to_string(v_texts, ',') || ']';
end
$$;
