-- Snapshot and tail of many streams in one round trip and one snapshot of the database, so that they agree.
-- p_after: -1 = from the snapshot, otherwise from behind this version. p_limit: events per stream; the version tells when more are there.
-- One row for each stream that exists; types, schema versions and payloads of its events aligned, null where there are none.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists load_streams;
create or replace function load_streams(
  p_context text, p_signature text, p_tenant int[], p_type text[], p_id text[], p_after bigint[], p_limit int
) returns table (stream_no int, version bigint, closed boolean, snapshot_version bigint, snapshot_schema int, snapshot_state text,
                 first_version bigint, types json, schemas json, payloads text)
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
-- A plan made while there were few streams would read all of them, and is kept while they grow.
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_context text[];
begin
  v_context := verify_context(p_context, p_signature);
  if cardinality(v_context) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  return query
  select r.i::int, s.version, s.closed_at is not null, k.version, k.schema_version, k.state::text, t.first, t.types, t.schemas, t.payloads
    from unnest(p_tenant, p_type, p_id, p_after) with ordinality r(t, ty, id, after, i)
    join lateral (
      select x.stream_id, x.version, x.closed_at from streams x
       where x.tenant_id = v_context[r.t] and x.aggregate_type = r.ty and x.aggregate_id = r.id
    ) s on true
    left join lateral (
      select x.version, x.schema_version, x.state from snapshots x where x.stream_id = s.stream_id and r.after = -1
    ) k on true
    -- Versions have no holes, so the first one tells them all; each column is put together by itself, which is half the work of
    -- one text per event.
    left join lateral (
      select min(e.version) as first, json_agg(e.type) as types, json_agg(e.schema_version) as schemas,
             '[' || string_agg(e.payload::text, ',') || ']' as payloads
        from (
          select x.version, x.schema_version, x.type, x.payload from events x
           where x.stream_id = s.stream_id and x.version > coalesce(k.version, greatest(r.after, 0))
           order by x.version limit p_limit
        ) e
    ) t on true;
end
$$;
