-- A page of the log up to the horizon, for background readers (cairn_worker): every tenant, or one.
-- Three statements on purpose: see horizon().
create or replace function read_log(
  p_after bigint, p_limit int, p_types text[], p_tenant text, out horizon bigint, out events text, out count int, out last bigint
)
language plpgsql volatile security definer
set search_path from current
-- The primary key in its order, up to the limit, whatever the statistics say: on a table that was filled and not yet analysed,
-- PostgreSQL takes the range for small and reads and sorts all of it for every page (measured: 200,000 rows for a page of 500).
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
begin
  horizon := horizon();
  select '[' || string_agg(event_json(e), ',') || ']', count(*), max(e.position) into events, count, last
    from (
      select x.* from events x
       where x.position > p_after and x.position <= read_log.horizon
         and (p_types is null or x.type = any (p_types)) and (p_tenant is null or x.tenant_id = p_tenant)
       order by x.position limit p_limit
    ) e;
end
$$;
