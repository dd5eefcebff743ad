-- Snapshot and tail of many streams in one round trip and one snapshot of the database, so that they agree.
-- p_after: -1 = from the snapshot, otherwise from behind this version. p_limit: events per stream; the version tells when more are there.
-- Where a stream's payloads come to more than its share of an answer they are left out, with the types given: the client asks again for
-- fewer, so that one stream of large events fails neither its reader nor those in the same batch. Where the server cannot make the
-- texts at all (1 GB), every stream is answered with fewer events, in a second row for those that have one: the last one counts.
-- One row for each stream that exists; types, schema versions and payloads of its events aligned, null where there are none.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists load_streams(text, text, int[], text[], text[], bigint[], int);
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
  v_most constant bigint := greatest(2097152, 33554432 / greatest(cardinality(p_tenant), 1));
  v_limit int := p_limit;
begin
  v_context := verify_context(p_context, p_signature);
  if cardinality(v_context) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  loop
    begin
      return query
      select r.i::int, s.version, s.closed_at is not null, k.version, k.schema_version, k.state::text, t.first, t.types, t.schemas,
             case when v_limit = 1 or octet_length(t.payloads) <= v_most then t.payloads end
        from unnest(p_tenant, p_type, p_id, p_after) with ordinality r(t, ty, id, after, i)
        -- The limits keep these look-ups: joined freely, all streams would be read for each call where the plan was made while they were few.
        join lateral (
          select x.stream_id, x.version, x.closed_at from streams x
           where x.tenant_id = v_context[r.t] and x.aggregate_type = r.ty and x.aggregate_id = r.id limit 1
        ) s on true
        left join lateral (
          select x.version, x.schema_version, x.state from snapshots x where x.stream_id = s.stream_id and r.after = -1 limit 1
        ) k on true
        -- Versions have no holes, so the first one tells them all; each column is put together by itself, which is half the work of
        -- one text per event.
        left join lateral (
          select min(e.version) as first, json_agg(e.type) as types, json_agg(e.schema_version) as schemas,
                 '[' || string_agg(e.payload::text, ',') || ']' as payloads
            from (
              select x.version, x.schema_version, x.type, x.payload from events x
               where x.stream_id = s.stream_id and x.version > coalesce(k.version, greatest(r.after, 0))
               order by x.version limit v_limit
            ) e
        ) t on true;
      return;
    exception when program_limit_exceeded or out_of_memory or internal_error then
      if v_limit = 1 then
        raise;
      end if;
      v_limit := greatest(1, v_limit / 8);
    end;
  end loop;
end
$$;
