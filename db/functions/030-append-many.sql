-- Appends to many different streams in one round trip, each all or nothing for itself.
--
-- p_tenant    index (from 1) into the context's tenants: nobody can name a tenant that the context does not hold
-- p_expected  the version expected; -1 any, -2 exists
-- p_count     events of the append
-- p_careful   true after a batch met somebody's uncommitted creation: then each creation is tried by itself
-- r_…         receipts: the append they belong to, command id, hash, offset (events of the append before theirs), events,
--             index of their last event in e_… (0 = none), audit ({type, payload} or null)
-- e_…         events in order: the append they belong to, place in it (1..n), id, type, payload, and which of p_metadata is theirs.
--             Payloads and metadata are JSON texts joined by U+001E, which no JSON text contains: as jsonb[] each would be quoted by
--             the caller and unquoted here, 46 and 90 µs for 20 events.
-- p_metadata  each metadata once
-- s_…         snapshots: the append they belong to, version, schema version, state
--
-- Answers, aligned with p_…: outcome 1 appended, 2 conflict, 3 duplicate (a receipt took effect before), 4 busy (somebody
-- else holds the stream), 5 closed, 6 a command id was used with another hash, or by a row without one, 7 the snapshot is ahead of its stream; version = the stream's version before;
-- aligned with e_…: positions.
--
-- No statement joins the batch's own rows: arrays are aligned by ordinal and looked up by subscript (plpgsql keeps them
-- expanded, so a subscript is O(1)). As one statement of chained CTEs the same work was 30 % slower, and worse as batches grew.
create or replace function append_many(
  p_context text, p_signature text,
  p_tenant int[], p_type text[], p_id text[], p_expected bigint[], p_count int[], p_careful boolean,
  r_append int[], r_id uuid[], r_hash bytea[], r_offset int[], r_count int[], r_last int[], r_audit jsonb[],
  e_append int[], e_ordinal int[], e_id uuid[], e_type text[], e_payload text, e_metadata int[], p_metadata text,
  s_append int[], s_version bigint[], s_schema int[], s_state jsonb[],
  out outcome json, out version json, out positions json, out recorded_at bigint
)
language plpgsql volatile security definer
set search_path from current
-- Left alone, PostgreSQL plans these statements anew at each call, differently per connection: 1.8x slower for one caller.
set plan_cache_mode = force_generic_plan
-- A generic plan made while the tables were small must not scan them when they are large. Before version 18 that is done by
-- an enormous cost, which would start the JIT compiler (20 ms a call) for the one scan that is left, that of the sequence.
set enable_seqscan = off
set jit = off
-- Another's uncommitted creation of a stream must not hold the batch.
set lock_timeout = '50ms'
as $$
declare
  n constant int := cardinality(p_tenant);
  v_now constant timestamptz := date_trunc('milliseconds', now());
  v_context text[];
  v_tenant text[];
  v_fresh bigint[];
  v_created int := 0;
  v_stream bigint[];
  v_version bigint[];
  v_closed boolean[];
  v_busy boolean[];
  v_receipt int[];
  v_refused int[];
  v_outcome int[];
  v_position bigint[];
  v_metadata jsonb[];
  i int;
  -- For calls that `perform` would run as statements of their own.
  v_done boolean;
begin
  v_done := assert_log_order() is null;
  v_context := verify_context(p_context, p_signature);
  v_tenant := array(select v_context[t] from unnest(p_tenant) t);
  if array_position(v_tenant, null) is not null then
    raise exception using errcode = 'ZC001', message = 'an append names a tenant outside of its context';
  end if;

  -- Create what is missing, in key order (the caller sorts). Ids are drawn before, so a row is ours exactly if it has the id.
  v_fresh := array(select case when ex in (0, -1) and c > 0 then nextval('stream_ids') end from unnest(p_expected, p_count) x(ex, c));
  if array_length(array_remove(v_fresh, null), 1) > 0 then
    if p_careful then
      perform set_config('lock_timeout', '2ms', true);
      for i in 1..n loop
        continue when v_fresh[i] is null;
        begin
          insert into streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
          values (v_fresh[i], v_tenant[i], p_type[i], p_id[i], p_count[i]) on conflict do nothing;
        exception when lock_not_available then
          v_busy[i] := true;
        end;
      end loop;
      v_created := -1;
    else
      insert into streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
      select f, t, ty, id, c from unnest(v_fresh, v_tenant, p_type, p_id, p_count) x(f, t, ty, id, c)
       where f is not null
      on conflict do nothing;
      get diagnostics v_created = row_count;
    end if;
  end if;

  if v_created = n then
    v_stream := v_fresh;
    v_version := array_fill(0::bigint, array[n]);
    v_closed := array_fill(false, array[n]);
  else
    -- Lock all; a stream that somebody else holds is skipped, not waited for.
    select array_agg(s.stream_id order by r.i), array_agg(case when s.stream_id = v_fresh[r.i] then 0 else s.version end order by r.i),
           array_agg(s.closed_at is not null order by r.i)
      into v_stream, v_version, v_closed
      from unnest(v_tenant, p_type, p_id) with ordinality r(t, ty, id, i)
      left join lateral (
        select l.stream_id, l.version, l.closed_at from streams l
         where l.tenant_id = r.t and l.aggregate_type = r.ty and l.aggregate_id = r.id
           for update skip locked
      ) s on true;
    -- Skipped, or not there?
    if array_position(v_stream, null) is not null then
      for i in 1..n loop
        continue when v_stream[i] is not null or v_busy[i];
        if exists (select from streams l where l.tenant_id = v_tenant[i] and l.aggregate_type = p_type[i] and l.aggregate_id = p_id[i]) then
          v_busy[i] := true;
        else
          v_version[i] := 0;
        end if;
      end loop;
    end if;
  end if;

  -- A statement of its own, after the locks: it sees the receipts of whoever held the streams before us. A row that nobody has
  -- admitted has no hash: what it asks for is not settled, so its id is in use.
  v_receipt := array(
    select case when known is null then 0 when h is distinct from r.hash then 6 when v is null then 7 else 3 end
      from unnest(r_append, r_id, r_hash) with ordinality r(a, id, hash, i)
      -- The limit keeps this a look-up for each receipt: as a plain join it would be planned as a scan of all commands, and stay
      -- so, where the table was analysed while it was empty.
      left join lateral (
        select true as known, c.hash as h, c.version as v from commands c where c.tenant_id = v_tenant[r.a] and c.id = r.id limit 1
      ) c on true
     order by r.i);
  v_refused := array_fill(0, array[n]);
  if 3 = any (v_receipt) or 6 = any (v_receipt) then
    for i in 1..cardinality(v_receipt) loop
      if v_receipt[i] in (3, 6) then
        v_refused[r_append[i]] := greatest(v_refused[r_append[i]], v_receipt[i]);
      end if;
    end loop;
  end if;

  v_outcome := array(
    select case
      when v_busy[x.i] then 4
      when x.refused > 0 then x.refused
      when x.closed then 5
      when x.ex = x.v or x.ex = -1 or (x.ex = -2 and x.v > 0) then 1
      else 2 end
      from unnest(v_version, p_expected, v_closed, v_refused) with ordinality x(v, ex, closed, refused, i) order by x.i);

  if cardinality(s_append) > 0 then
    for i in 1..cardinality(s_append) loop
      if v_outcome[s_append[i]] = 1 and s_version[i] > v_version[s_append[i]] + p_count[s_append[i]] then
        v_outcome[s_append[i]] := 7;
      end if;
    end loop;
  end if;

  if v_created <> 0 and v_outcome <> array_fill(1, array[n]) then
    -- Rows that we created for appends that were then refused.
    delete from streams s using unnest(v_fresh, v_outcome) x(f, o) where x.o <> 1 and s.stream_id = x.f;
  end if;

  if 1 = any (v_outcome) then
    if cardinality(e_append) > 0 then
      v_done := hold_horizon() is null;
      v_metadata := string_to_array(p_metadata, chr(30))::jsonb[];
      v_position := array(select case when v_outcome[a] = 1 then nextval('event_positions') end from unnest(e_append) a);
      insert into events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type,
                          payload, metadata, correlation_id, workflow_id, user_id, project_id, job_id)
      select p, v_stream[a], v_version[a] + o, coalesce((v_metadata[m] ->> 'schemaVersion')::int, 1), v_now, id, v_tenant[a],
             p_type[a], p_id[a], ty, pl::jsonb, v_metadata[m], v_metadata[m] ->> 'correlationId', v_metadata[m] ->> 'workflowId',
             v_metadata[m] ->> 'userId', v_metadata[m] ->> 'projectId', v_metadata[m] ->> 'jobId'
        from unnest(v_position, e_append, e_ordinal, e_id, e_type, string_to_array(e_payload, chr(30)), e_metadata)
             x(p, a, o, id, ty, pl, m)
       where p is not null;
    end if;
    if v_created <> n then
      update streams s set version = x.v
        from (select st, v + c as v from unnest(v_stream, v_version, p_count, v_outcome, v_fresh) y(st, v, c, o, f)
               where o = 1 and c > 0 and st is distinct from f) x
       where s.stream_id = x.st;
    end if;
    -- A command without events on a stream that does not exist has no stream_id to tell where it went.
    insert into commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position, aggregate_type,
                          aggregate_id, type, payload)
    select v_tenant[a], id, hash, 'processed', null, null, v_stream[a], v_version[a] + o + 1, v_version[a] + o + c, v_position[l],
           case when v_stream[a] is null then p_type[a] end, case when v_stream[a] is null then p_id[a] end, au ->> 'type', au -> 'payload'
      from unnest(r_append, r_id, r_hash, r_offset, r_count, r_last, r_audit, v_receipt) x(a, id, hash, o, c, l, au, known)
     where v_outcome[a] = 1 and known = 0;
    if 7 = any (v_receipt) then
      -- Stored before as a row of its own; here it takes effect. What had ended as failed then did not fail.
      update commands k set stream_id = x.st, first_version = x.f, version = x.v, position = x.p,
                            status = case k.status when 'failed' then 'processed' else k.status end,
                            error = case k.status when 'failed' then null else k.error end,
                            updated_at = case k.status when 'failed' then now() else k.updated_at end
        from (select v_tenant[a] as t, id, v_stream[a] as st, v_version[a] + o + 1 as f, v_version[a] + o + c as v, v_position[l] as p
                from unnest(r_append, r_id, r_offset, r_count, r_last, v_receipt) y(a, id, o, c, l, known)
               where v_outcome[a] = 1 and known = 7) x
       where k.tenant_id = x.t and k.id = x.id;
    end if;
    if cardinality(s_append) > 0 then
      insert into snapshots as k (stream_id, tenant_id, version, schema_version, state, recorded_at)
      select v_stream[a], v_tenant[a], v, sv, st, v_now from unnest(s_append, s_version, s_schema, s_state) x(a, v, sv, st)
       where v_outcome[a] = 1 and v_stream[a] is not null
      on conflict (stream_id) do update
        set version = excluded.version, schema_version = excluded.schema_version, state = excluded.state, recorded_at = excluded.recorded_at
        where excluded.version >= k.version;
    end if;
  end if;

  outcome := array_to_json(v_outcome);
  version := array_to_json(v_version);
  positions := array_to_json(v_position);
  recorded_at := extract(epoch from v_now) * 1000;
end
$$;
