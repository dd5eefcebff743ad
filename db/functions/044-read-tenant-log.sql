-- A page of one tenant's part of the log up to the horizon, for the application.
-- Three statements on purpose: see horizon().
-- events: a JSON array, null when there are none; fewer than asked for where they are large (see read_stream). next: where to go on.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists read_tenant_log(text, text, text, bigint, int, text[]);
create or replace function read_tenant_log(
  p_context text, p_signature text, p_tenant text, p_after bigint, p_limit int, p_types text[],
  out horizon bigint, out events text, out next bigint
)
language plpgsql volatile security definer
set search_path from current
-- As in read_log, but with the tenant as a plain condition: where there is an index by tenant (migrate's `indexes`) the page
-- comes from it, in order; else from the primary key, past everybody's events.
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_most constant bigint := 33554432;
  v_limit int := p_limit;
  v_count int;
  v_last bigint;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  horizon := horizon();
  loop
    begin
      select '[' || string_agg(event_json(e), ',') || ']', count(*), max(e.position)
        into events, v_count, v_last
        from (
          select x.* from events x
           where x.tenant_id = p_tenant and x.position > p_after and x.position <= read_tenant_log.horizon
             and (p_types is null or x.type = any (p_types))
           order by x.position limit v_limit
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
  -- Short of the limit: there is nothing more up to the horizon. The horizon may lie behind p_after while a writer is at work.
  next := case when v_count < v_limit then greatest(p_after, read_tenant_log.horizon) else v_last end;
end
$$;
