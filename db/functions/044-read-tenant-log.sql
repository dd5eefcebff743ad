-- A page of one tenant's part of the log up to the horizon, for the application.
-- Three statements on purpose: see horizon().
-- events: a JSON array, null when there are none; fewer than asked for where they are large (see read_stream). next: where to go on.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists read_tenant_log;
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
  v_bytes bigint := 0;
  v_texts text[];
  v_last bigint := p_after;
  v_cut boolean := false;
  v_event record;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  horizon := horizon();
  for v_event in
    select x.position, event_json(x) as text from events x
     where x.tenant_id = p_tenant and x.position > p_after and x.position <= read_tenant_log.horizon
       and (p_types is null or x.type = any (p_types))
     order by x.position limit p_limit
  loop
    v_bytes := v_bytes + octet_length(v_event.text);
    v_cut := v_texts is not null and v_bytes > v_most;
    exit when v_cut;
    v_texts := array_append(v_texts, v_event.text);
    v_last := v_event.position;
  end loop;
  events := '[' || array_to_string(v_texts, ',') || ']';
  -- Short of the limit: there is nothing more up to the horizon. The horizon may lie behind p_after while a writer is at work.
  next := case when v_cut or cardinality(v_texts) = p_limit then v_last else greatest(p_after, read_tenant_log.horizon) end;
end
$$;
