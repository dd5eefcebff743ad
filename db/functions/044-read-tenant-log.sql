-- A page of one tenant's part of the log up to the horizon, for the application.
-- Three statements on purpose: see horizon().
create or replace function read_tenant_log(
  p_context text, p_signature text, p_tenant text, p_after bigint, p_limit int, p_types text[],
  out horizon bigint, out events text, out count int, out last bigint
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
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  horizon := horizon();
  select '[' || string_agg(event_json(e), ',') || ']', count(*), max(e.position) into events, count, last
    from (
      select x.* from events x
       where x.tenant_id = p_tenant and x.position > p_after and x.position <= read_tenant_log.horizon
         and (p_types is null or x.type = any (p_types))
       order by x.position limit p_limit
    ) e;
end
$$;
