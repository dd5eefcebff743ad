-- A tenant's events by filters that compose, in keyset pages by position, up to the horizon. A null filter is off.
-- more: the answer was cut (see read_stream). Dropped first: the columns of an answer cannot be replaced.
drop function if exists query_events(text, text, text, text[], text, text, text, text, text, text, timestamptz, timestamptz, bigint, boolean, int);
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
  v_limit int := p_limit;
  v_count int;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the query names a tenant outside of its context';
  end if;
  loop
    begin
      select '[' || string_agg(event_json(e), ',') || ']', count(*)
        into events, v_count
        from (
          select x.* from events x
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
           order by case when p_newest_first then x.position end desc, case when not p_newest_first then x.position end limit v_limit
        ) e;
      exit when v_count <= 1 or octet_length(events) <= v_most;
      v_limit := greatest(1, least(v_count - 1, v_count * v_most / octet_length(events)));
    exception when program_limit_exceeded or out_of_memory or internal_error then
      if v_limit = 1 then
        raise;
      end if;
      v_limit := greatest(1, v_limit / 32);
    end;
  end loop;
  more := v_limit < p_limit and v_count = v_limit;
end
$$;
