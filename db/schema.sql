-- The schema as the migrations, functions, views and policies leave it, for reading and for comparing: nothing runs this file.
-- Written by `pnpm db:dump`; test/integration/schema/schema-sql.test.ts compares it with what a migration makes.

CREATE SCHEMA cairn;

ALTER SCHEMA cairn OWNER TO cairn_owner;

CREATE FUNCTION cairn.admit_commands(p_commands jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  with found as (
    select c.tenant_id, c.id, e from jsonb_array_elements(p_commands) e
      join commands c on c.tenant_id = e->>0 and c.id = (e->>1)::uuid
     where c.status = 'pending' and c.hash is null
     order by c.tenant_id, c.id for update of c
  )
  update commands c set hash = decode(e->>2, 'hex'), aggregate_type = e->>3, aggregate_id = e->>4, payload = e->5, metadata = e->6,
                        updated_at = now()
    from found where c.tenant_id = found.tenant_id and c.id = found.id;
end
$$;

ALTER FUNCTION cairn.admit_commands(p_commands jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.admit_commands(p_commands jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.append_many(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_expected bigint[], p_count integer[], p_careful boolean, r_append integer[], r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_last integer[], r_audit jsonb[], e_append integer[], e_ordinal integer[], e_id uuid[], e_type text[], e_payload text, e_metadata integer[], p_metadata text, s_append integer[], s_version bigint[], s_schema integer[], s_state jsonb[], OUT outcome json, OUT version json, OUT positions json, OUT recorded_at bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET lock_timeout TO '50ms'
    AS $$
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

ALTER FUNCTION cairn.append_many(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_expected bigint[], p_count integer[], p_careful boolean, r_append integer[], r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_last integer[], r_audit jsonb[], e_append integer[], e_ordinal integer[], e_id uuid[], e_type text[], e_payload text, e_metadata integer[], p_metadata text, s_append integer[], s_version bigint[], s_schema integer[], s_state jsonb[], OUT outcome json, OUT version json, OUT positions json, OUT recorded_at bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.append_many(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_expected bigint[], p_count integer[], p_careful boolean, r_append integer[], r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_last integer[], r_audit jsonb[], e_append integer[], e_ordinal integer[], e_id uuid[], e_type text[], e_payload text, e_metadata integer[], p_metadata text, s_append integer[], s_version bigint[], s_schema integer[], s_state jsonb[], OUT outcome json, OUT version json, OUT positions json, OUT recorded_at bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.append_one(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms integer, r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_audit jsonb[], e_id uuid[], e_type text[], e_payload text, e_metadata text, s_version bigint, s_schema integer, s_state jsonb, OUT outcome integer, OUT version bigint, OUT positions json, OUT recorded_at bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET lock_timeout TO '50ms'
    AS $$
declare
  n constant int := cardinality(e_id);
  v_now constant timestamptz := date_trunc('milliseconds', now());
  v_stream bigint;
  v_closed boolean := false;
  v_fresh boolean := false;
  v_known int[];
  v_position bigint[];
  v_metadata jsonb;
  v_schema int;
  v_correlation text;
  v_workflow text;
  v_user text;
  v_project text;
  v_job text;
  -- For calls that `perform` would run as statements of their own.
  v_done boolean;
begin
  v_done := assert_log_order() is null;
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the append names a tenant outside of its context';
  end if;
  if p_wait_ms > 0 then
    perform set_config('lock_timeout', p_wait_ms || 'ms', true);
  end if;
  recorded_at := extract(epoch from v_now) * 1000;

  if p_expected in (0, -1) and n > 0 then
    insert into streams as s (stream_id, tenant_id, aggregate_type, aggregate_id, version)
    values (nextval('stream_ids'), p_tenant, p_type, p_id, n) on conflict do nothing
    returning s.stream_id into v_stream;
    v_fresh := v_stream is not null;
    version := 0;
  end if;
  if v_stream is null then
    if p_wait_ms > 0 then
      select s.stream_id, s.version, s.closed_at is not null into v_stream, version, v_closed from streams s
       where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id for update;
    else
      select s.stream_id, s.version, s.closed_at is not null into v_stream, version, v_closed from streams s
       where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id for update skip locked;
      if v_stream is null
         and exists (select from streams s where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id) then
        outcome := 4;
        return;
      end if;
    end if;
    version := coalesce(version, 0);
  end if;

  -- A statement of its own, after the lock: it sees the receipts of whoever held the stream before us. A row that nobody has
  -- admitted has no hash: what it asks for is not settled, so its id is in use.
  if cardinality(r_id) = 1 then
    v_known := array[coalesce((select case when c.hash is distinct from r_hash[1] then 6 when c.version is null then 7 else 3 end
                                 from commands c where c.tenant_id = p_tenant and c.id = r_id[1]), 0)];
  else
    v_known := array(
      select coalesce((select case when c.hash is distinct from r.hash then 6 when c.version is null then 7 else 3 end
                         from commands c where c.tenant_id = p_tenant and c.id = r.id), 0)
        from unnest(r_id, r_hash) with ordinality r(id, hash, i) order by r.i);
  end if;
  outcome := case
    when 6 = any (v_known) then 6
    when 3 = any (v_known) then 3
    when v_closed then 5
    when version = p_expected or p_expected = -1 or (p_expected = -2 and version > 0) then 1
    else 2 end;
  if outcome = 1 and s_version > version + n then
    outcome := 7;
  end if;
  if outcome <> 1 then
    if v_fresh then
      delete from streams s where s.stream_id = v_stream;
    end if;
    return;
  end if;

  if n > 0 then
    if not v_fresh then
      update streams s set version = append_one.version + n where s.stream_id = v_stream;
    end if;
    v_done := hold_horizon() is null;
    for i in 1..n loop
      v_position[i] := nextval('event_positions');
    end loop;
    if strpos(e_metadata, chr(30)) = 0 then
      v_metadata := e_metadata;
      if n = 1 then
        insert into events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type,
                            payload, metadata, correlation_id, workflow_id, user_id, project_id, job_id)
        values (v_position[1], v_stream, version + 1, coalesce((v_metadata ->> 'schemaVersion')::int, 1), v_now, e_id[1], p_tenant, p_type,
                p_id, e_type[1], e_payload::jsonb, v_metadata, v_metadata ->> 'correlationId', v_metadata ->> 'workflowId',
                v_metadata ->> 'userId', v_metadata ->> 'projectId', v_metadata ->> 'jobId');
      else
        v_schema := coalesce((v_metadata ->> 'schemaVersion')::int, 1);
        v_correlation := v_metadata ->> 'correlationId';
        v_workflow := v_metadata ->> 'workflowId';
        v_user := v_metadata ->> 'userId';
        v_project := v_metadata ->> 'projectId';
        v_job := v_metadata ->> 'jobId';
        insert into events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type,
                            payload, metadata, correlation_id, workflow_id, user_id, project_id, job_id)
        select p, v_stream, append_one.version + o, v_schema, v_now, id, p_tenant, p_type, p_id, ty, pl::jsonb, v_metadata, v_correlation,
               v_workflow, v_user, v_project, v_job
          from unnest(v_position, e_id, e_type, string_to_array(e_payload, chr(30))) with ordinality x(p, id, ty, pl, o);
      end if;
    else
      insert into events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type,
                          payload, metadata, correlation_id, workflow_id, user_id, project_id, job_id)
      select p, v_stream, append_one.version + o, coalesce((m ->> 'schemaVersion')::int, 1), v_now, id, p_tenant, p_type, p_id, ty,
             pl::jsonb, m, m ->> 'correlationId', m ->> 'workflowId', m ->> 'userId', m ->> 'projectId', m ->> 'jobId'
        from unnest(v_position, e_id, e_type, string_to_array(e_payload, chr(30)), string_to_array(e_metadata, chr(30))::jsonb[])
             with ordinality x(p, id, ty, pl, m, o);
    end if;
  end if;

  if cardinality(r_id) = 1 and v_known[1] = 0 then
    insert into commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position, aggregate_type,
                          aggregate_id, type, payload)
    values (p_tenant, r_id[1], r_hash[1], 'processed', null, null, v_stream, version + 1, version + n, v_position[n], case when v_stream is null then p_type end,
            case when v_stream is null then p_id end, r_audit[1] ->> 'type', r_audit[1] -> 'payload');
  elsif 0 = any (v_known) then
    insert into commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position, aggregate_type,
                          aggregate_id, type, payload)
    select p_tenant, id, hash, 'processed', null, null, v_stream, append_one.version + o + 1, append_one.version + o + c, case when c > 0 then v_position[o + c] end,
           case when v_stream is null then p_type end, case when v_stream is null then p_id end, au ->> 'type', au -> 'payload'
      from unnest(r_id, r_hash, r_offset, r_count, r_audit, v_known) x(id, hash, o, c, au, known)
     where known = 0;
  end if;
  if 7 = any (v_known) then
    update commands k set stream_id = v_stream, first_version = append_one.version + x.o + 1, version = append_one.version + x.o + x.c,
                          position = case when x.c > 0 then v_position[x.o + x.c] end,
                          -- As in append_many: what takes effect did not fail.
                          status = case k.status when 'failed' then 'processed' else k.status end,
                          error = case k.status when 'failed' then null else k.error end,
                          updated_at = case k.status when 'failed' then now() else k.updated_at end
      from unnest(r_id, r_offset, r_count, v_known) x(id, o, c, known)
     where x.known = 7 and k.tenant_id = p_tenant and k.id = x.id;
  end if;
  if s_version is not null and v_stream is not null then
    insert into snapshots as k (stream_id, tenant_id, version, schema_version, state, recorded_at)
    values (v_stream, p_tenant, s_version, s_schema, s_state, v_now)
    on conflict (stream_id) do update
      set version = excluded.version, schema_version = excluded.schema_version, state = excluded.state, recorded_at = excluded.recorded_at
      where excluded.version >= k.version;
  end if;
  positions := array_to_json(v_position);
end
$$;

ALTER FUNCTION cairn.append_one(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms integer, r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_audit jsonb[], e_id uuid[], e_type text[], e_payload text, e_metadata text, s_version bigint, s_schema integer, s_state jsonb, OUT outcome integer, OUT version bigint, OUT positions json, OUT recorded_at bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.append_one(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms integer, r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_audit jsonb[], e_id uuid[], e_type text[], e_payload text, e_metadata text, s_version bigint, s_schema integer, s_state jsonb, OUT outcome integer, OUT version bigint, OUT positions json, OUT recorded_at bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.assert_log_order() RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'ZC002', message = 'Cairn needs READ COMMITTED, this transaction is ' || current_setting('transaction_isolation');
  end if;
  if pg_is_in_recovery() then
    raise exception using errcode = 'ZC003', message = 'Cairn cannot use a standby: it does not see the writers'' advisory locks';
  end if;
end
$$;

ALTER FUNCTION cairn.assert_log_order() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.assert_log_order() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_cancelled int;
begin
  with found as (
    select c.id from commands c
     where c.tenant_id = p_tenant and c.id = any (p_ids) and c.status = 'pending' and c.version is null and c.attempts = 0
     order by c.id for update
  )
  update commands c set status = 'failed', error = p_error, retry_at = null, updated_at = now()
    from found where c.tenant_id = p_tenant and c.id = found.id;
  get diagnostics v_cancelled = row_count;
  return v_cancelled;
end
$$;

ALTER FUNCTION cairn.cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  return cancel_commands(p_tenant, p_ids, p_error);
end
$$;

ALTER FUNCTION cairn.cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.change_head(OUT horizon bigint, OUT newest bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
begin
  horizon := change_horizon();
  select coalesce(max(c.change_id), 0) into newest from changes c;
end
$$;

ALTER FUNCTION cairn.change_head(OUT horizon bigint, OUT newest bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.change_head(OUT horizon bigint, OUT newest bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.change_horizon() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  l bigint;
  m bigint;
begin
  perform assert_log_order();
  select case when is_called then last_value else last_value - 1 end into l from change_positions;
  select min(l + ((objid::bigint - l % 4294967296 + 6442450944) % 4294967296) - 2147483648) into m
    from pg_locks
   where locktype = 'advisory' and objsubid = 2
     and classid = 'change_positions'::regclass::oid
     and database = (select oid from pg_database where datname = current_database());
  return least(l, m);
end
$$;

ALTER FUNCTION cairn.change_horizon() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.change_horizon() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.change_matches(p_row jsonb, p_column text, p_operator text, p_values text[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare
  v_cell constant jsonb := p_row -> p_column;
  v_kind constant text := jsonb_typeof(v_cell);
  v_text constant text := p_row ->> p_column;
  v_value text;
  v_order int;
begin
  if v_kind is null or v_kind in ('null', 'array', 'object') then
    return false;
  end if;
  foreach v_value in array p_values loop
    if v_kind = 'number' and v_value ~ '^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$' then
      v_order := sign(v_text::numeric - v_value::numeric)::int;
    else
      v_order := case when v_text = v_value then 0 when v_text < v_value collate "C" then -1 else 1 end;
    end if;
    if (case p_operator when 'eq' then v_order = 0 when 'in' then v_order = 0 when 'neq' then v_order <> 0 when 'lt' then v_order < 0
                       when 'lte' then v_order <= 0 when 'gt' then v_order > 0 when 'gte' then v_order >= 0 end) then
      return true;
    end if;
  end loop;
  return false;
end
$_$;

ALTER FUNCTION cairn.change_matches(p_row jsonb, p_column text, p_operator text, p_values text[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.change_matches(p_row jsonb, p_column text, p_operator text, p_values text[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.change_position_at(p_time timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_horizon constant bigint := change_horizon();
begin
  return least(v_horizon, coalesce((select min(c.change_id) from changes c where c.recorded_at >= p_time) - 1, v_horizon));
end
$$;

ALTER FUNCTION cairn.change_position_at(p_time timestamp with time zone) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.change_position_at(p_time timestamp with time zone) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.claim_due_commands(p_worker text, p_types text[], p_limit integer, OUT commands json, OUT raw boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_window int := 4 * p_limit;
  v_seen int;
begin
  raw := exists (select from commands c where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= v_now);
  -- Only where all that was looked at is others' to carry out is more looked at.
  loop
    with first as materialized (
      select c.tenant_id, c.id, c.aggregate_type, c.aggregate_id, c.type, coalesce(c.due_at, c.created_at) as at, c.seq
        from commands c
       where c.status = 'pending' and c.hash is not null and coalesce(c.due_at, c.created_at) <= v_now
         and not exists (
           select from commands k
            where k.tenant_id = c.tenant_id and k.aggregate_type = c.aggregate_type and k.aggregate_id = c.aggregate_id
              and (k.status = 'consumed' or k.retry_at is not null)
              -- What somebody outside of the table carries out, for days perhaps, holds nobody up.
              and (k.status = 'consumed' and k.owner is distinct from 'elsewhere' or k.status = 'pending' and k.retry_at > v_now))
       order by coalesce(c.due_at, c.created_at), c.seq, c.id limit v_window
    ), heads as materialized (
      select distinct on (f.tenant_id, f.aggregate_type, f.aggregate_id) f.* from first f
       order by f.tenant_id, f.aggregate_type, f.aggregate_id, f.at, f.seq, f.id
    ), mine as materialized (
      select h.tenant_id, h.aggregate_type, h.aggregate_id from heads h
        join commands c on c.tenant_id = h.tenant_id and c.id = h.id
       -- Said so that no index of pending rows fits, and the look-up is by id: with the statistics of an empty table the planner
       -- takes all of the tenant's pending rows for one, and read them once for every head.
       where h.type = any (p_types) and c.status is not distinct from 'pending' and (c.retry_at is null or c.retry_at <= v_now)
       order by h.at, h.seq, h.id limit p_limit for update of c skip locked
    ), wanted as materialized (
      select f.tenant_id, f.id from (
        select f.*, bool_and(f.type = any (p_types)) over (partition by f.tenant_id, f.aggregate_type, f.aggregate_id order by f.at, f.seq, f.id) as known
          from first f join mine m on m.tenant_id = f.tenant_id and m.aggregate_type = f.aggregate_type and m.aggregate_id = f.aggregate_id
      ) f where f.known order by f.at, f.seq, f.id limit p_limit
    ), locked as materialized (
      select c.tenant_id, c.id from commands c join wanted w on w.tenant_id = c.tenant_id and w.id = c.id
       where c.status is not distinct from 'pending' for update of c skip locked
    ), taken as (
      update commands c set status = 'consumed', owner = p_worker, attempts = c.attempts + 1, retry_at = null, updated_at = v_now
        from locked l where c.tenant_id = l.tenant_id and c.id = l.id returning c.*
    )
    select (select json_agg(command_json(t::commands) order by coalesce(t.due_at, t.created_at), t.seq, t.id) from taken t), (select count(*) from first)
      into claim_due_commands.commands, v_seen;
    exit when claim_due_commands.commands is not null or v_seen < v_window or v_window > 100000;
    v_window := 8 * v_window;
  end loop;
end
$$;

ALTER FUNCTION cairn.claim_due_commands(p_worker text, p_types text[], p_limit integer, OUT commands json, OUT raw boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.claim_due_commands(p_worker text, p_types text[], p_limit integer, OUT commands json, OUT raw boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.close_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, OUT outcome integer, OUT version bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '10s'
    AS $$
declare
  v_stream bigint;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  select s.stream_id, s.version into v_stream, version from streams s
   where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id for update;
  version := coalesce(version, 0);
  if v_stream is null or not (p_expected = version or p_expected < 0) then
    outcome := 2;
    return;
  end if;
  update streams s set closed_at = coalesce(s.closed_at, now()) where s.stream_id = v_stream;
  outcome := 1;
end
$$;

ALTER FUNCTION cairn.close_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, OUT outcome integer, OUT version bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.close_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, OUT outcome integer, OUT version bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_claim(p_context text, p_signature text, p_tenant text, p_limit integer) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_claimed json;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the claim names a tenant outside of its context';
  end if;
  with chosen as (
    select c.id from commands c where c.tenant_id = p_tenant and c.status = 'pending' and c.hash is not null
       and coalesce(c.due_at, c.created_at) <= now() and (c.retry_at is null or c.retry_at <= now())
     order by coalesce(c.due_at, c.created_at), c.seq, c.id limit p_limit for update skip locked
  ), taken as (
    update commands c set status = 'consumed', attempts = c.attempts + 1, retry_at = null, owner = null, updated_at = now()
      from chosen where c.tenant_id = p_tenant and c.id = chosen.id returning c.*
  )
  select json_agg(command_json(t::commands) order by coalesce(t.due_at, t.created_at), t.seq, t.id) into v_claimed from taken t;
  return v_claimed;
end
$$;

ALTER FUNCTION cairn.command_claim(p_context text, p_signature text, p_tenant text, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_claim(p_context text, p_signature text, p_tenant text, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_status text;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  select c.status into v_status from commands c where c.tenant_id = p_tenant and c.id = p_id and c.metadata is not null for update;
  if v_status in ('processed', 'failed') then
    delete from commands c where c.tenant_id = p_tenant and c.id = p_id;
  end if;
  return v_status;
end
$$;

ALTER FUNCTION cairn.command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_hand_over(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v commands;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the command names a tenant outside of its context';
  end if;
  insert into commands (tenant_id, id, hash, status, attempts, owner, type, aggregate_type, aggregate_id, payload, metadata, updated_at)
  values (p_tenant, p_id, p_hash, 'consumed', 1, 'elsewhere', p_type, p_aggregate_type, p_aggregate_id, p_payload, p_metadata, now())
  on conflict do nothing returning * into v;
  if not found then
    update commands c set status = 'consumed', owner = 'elsewhere', attempts = c.attempts + 1, retry_at = null, updated_at = now()
     where c.tenant_id = p_tenant and c.id = p_id and c.hash = p_hash and c.status = 'pending'
    returning * into v;
  end if;
  if not found then
    return command_upsert(p_context, p_signature, p_tenant, p_id, p_hash, p_type, p_aggregate_type, p_aggregate_id, p_payload, p_metadata, null);
  end if;
  return command_json(v);
end
$$;

ALTER FUNCTION cairn.command_hand_over(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_hand_over(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.commands (
    tenant_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    hash bytea,
    status text DEFAULT 'pending'::text NOT NULL,
    stream_id bigint,
    first_version bigint,
    version bigint,
    "position" bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone,
    type text,
    aggregate_type text,
    aggregate_id text,
    payload jsonb,
    metadata jsonb DEFAULT '{}'::jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    result jsonb,
    error jsonb,
    due_at timestamp with time zone,
    retry_at timestamp with time zone,
    owner text,
    seq bigint DEFAULT ((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint,
    CONSTRAINT commands_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'consumed'::text, 'processed'::text, 'failed'::text])))
);
ALTER TABLE ONLY cairn.commands ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN status SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN aggregate_type SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN aggregate_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN metadata SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN result SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN error SET STATISTICS 0;
ALTER TABLE ONLY cairn.commands ALTER COLUMN owner SET STATISTICS 0;

ALTER TABLE cairn.commands OWNER TO cairn_owner;

CREATE FUNCTION cairn.command_json(c cairn.commands) RETURNS json
    LANGUAGE sql STABLE
    AS $$
  select json_build_array(c.id, c.tenant_id, coalesce(c.type, ''), c.aggregate_type, c.aggregate_id, c.payload, c.metadata, c.status,
                          c.attempts, c.result, c.error,
                          greatest(least(extract(epoch from c.created_at) * 1000, 8.64e15), -8.64e15)::bigint,
                          greatest(least(extract(epoch from coalesce(c.updated_at, c.created_at)) * 1000, 8.64e15), -8.64e15)::bigint,
                          encode(c.hash, 'hex'),
                          case when c.due_at is not null then
                            greatest(least(extract(epoch from c.due_at) * 1000, 8.64e15), -8.64e15)::bigint end)
$$;

ALTER FUNCTION cairn.command_json(c cairn.commands) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_json(c cairn.commands) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_mark(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, OUT moved boolean, OUT command json) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v commands;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  update commands c
     set status = p_status, result = p_result, error = p_error, retry_at = null, owner = null, updated_at = now(),
         attempts = c.attempts + case when p_status = 'consumed' then 1 else 0 end
   where c.tenant_id = p_tenant and c.id = p_id
     and (c.status, p_status) in (('pending', 'consumed'), ('pending', 'processed'), ('pending', 'failed'),
                                  ('consumed', 'pending'), ('consumed', 'processed'), ('consumed', 'failed'))
     -- What took effect did not fail, whatever whoever ran it last may say.
     and (p_status <> 'failed' or c.version is null)
  returning * into v;
  moved := found;
  if not moved then
    select * into v from commands c where c.tenant_id = p_tenant and c.id = p_id;
  end if;
  if v.id is not null then
    command := command_json(v);
  end if;
end
$$;

ALTER FUNCTION cairn.command_mark(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, OUT moved boolean, OUT command json) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_mark(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, OUT moved boolean, OUT command json) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_query(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text, p_after uuid, p_limit integer) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the query names a tenant outside of its context';
  end if;
  return (
    select json_agg(command_json(t::commands) order by t.id)
      from (
        select c.* from commands c
         where c.tenant_id = p_tenant and c.metadata is not null
           and (p_id is null or c.id = p_id) and (p_status is null or c.status = p_status) and (p_type is null or c.type = p_type)
           and (p_aggregate_type is null or c.aggregate_type = p_aggregate_type)
           and (p_aggregate_id is null or c.aggregate_id = p_aggregate_id) and (p_after is null or c.id > p_after)
         order by c.id limit p_limit
      ) t);
end
$$;

ALTER FUNCTION cairn.command_query(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text, p_after uuid, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_query(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text, p_after uuid, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.command_upsert(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb, p_due_at timestamp with time zone) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v commands;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the command names a tenant outside of its context';
  end if;
  if not isfinite(p_due_at) then
    raise exception using errcode = '22008', message = 'a command must be due at a finite time';
  end if;
  insert into commands (tenant_id, id, hash, status, type, aggregate_type, aggregate_id, payload, metadata, due_at, updated_at)
  values (p_tenant, p_id, p_hash, 'pending', p_type, p_aggregate_type, p_aggregate_id, p_payload, p_metadata, p_due_at, now())
  on conflict do nothing returning * into v;
  if not found then
    -- A receipt of a command that ran without a row of its own learns what it was, and what came of it.
    update commands c set type = p_type, aggregate_type = p_aggregate_type, aggregate_id = p_aggregate_id, payload = p_payload,
                          metadata = p_metadata, result = receipt_result(c, p_aggregate_id), updated_at = now()
     where c.tenant_id = p_tenant and c.id = p_id and c.hash = p_hash and c.metadata is null;
    select * into v from commands c where c.tenant_id = p_tenant and c.id = p_id;
  end if;
  return command_json(v);
end
$$;

ALTER FUNCTION cairn.command_upsert(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb, p_due_at timestamp with time zone) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.command_upsert(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb, p_due_at timestamp with time zone) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_moved int;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  with found as (
    select c.id, e->>1 as status, nullif(e->2, 'null') as result, nullif(e->3, 'null') as error
      from jsonb_array_elements(p_changes) e
      join commands c on c.tenant_id = p_tenant and c.id = (e->>0)::uuid
     where (c.status, e->>1) in (('pending', 'processed'), ('pending', 'failed'),
                                 ('consumed', 'pending'), ('consumed', 'processed'), ('consumed', 'failed'))
       -- What took effect did not fail, whatever whoever ran it last may say.
       and (e->>1 <> 'failed' or c.version is null)
     order by c.id for update of c
  )
  update commands c set status = found.status, result = found.result, error = found.error, retry_at = null, owner = null, updated_at = now()
    from found where c.tenant_id = p_tenant and c.id = found.id;
  get diagnostics v_moved = row_count;
  return v_moved;
end
$$;

ALTER FUNCTION cairn.commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  return (select json_agg(command_json(c)) from commands c
           where c.tenant_id = p_tenant and c.id = any (p_ids) and c.hash is not null and c.metadata is not null);
end
$$;

ALTER FUNCTION cairn.commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  with found as (
    select c.id from commands c
     where c.tenant_id = p_tenant and c.id = any (p_ids) and c.status = 'pending' and c.hash is not null and c.metadata is not null
     order by c.id for update
  )
  update commands c set status = 'consumed', attempts = c.attempts + 1, retry_at = null, owner = null, updated_at = now()
    from found where c.tenant_id = p_tenant and c.id = found.id;
  return (select json_agg(command_json(c)) from commands c
           where c.tenant_id = p_tenant and c.id = any (p_ids) and c.hash is not null and c.metadata is not null);
end
$$;

ALTER FUNCTION cairn.commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_first constant bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  insert into commands (tenant_id, id, hash, status, type, aggregate_type, aggregate_id, payload, metadata, seq, updated_at)
  select p_tenant, (e->>0)::uuid, decode(e->>1, 'hex'), 'pending', e->>2, e->>3, e->>4, e->5, e->6, v_first + place - 1, now()
    from jsonb_array_elements(p_commands) with ordinality w(e, place) order by (e->>0)::uuid
  on conflict do nothing;
  -- Receipts of commands that ran without a row of their own learn what they were, and what came of them.
  with found as (
    select c.id, e from jsonb_array_elements(p_commands) e
      join commands c on c.tenant_id = p_tenant and c.id = (e->>0)::uuid and c.hash = decode(e->>1, 'hex') and c.metadata is null
     order by c.id for update of c
  )
  update commands c set type = e->>2, aggregate_type = e->>3, aggregate_id = e->>4, payload = e->5, metadata = e->6,
                        result = receipt_result(c, e->>4), updated_at = now()
    from found where c.tenant_id = p_tenant and c.id = found.id;
  return (select json_agg(command_json(c) order by w.place)
            from jsonb_array_elements(p_commands) with ordinality w(e, place)
            join commands c on c.tenant_id = p_tenant and c.id = (w.e->>0)::uuid);
end
$$;

ALTER FUNCTION cairn.commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.context_role() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_context constant text := nullif(current_setting('cairn.context', true), '');
begin
  if cardinality(verify_context(v_context, current_setting('cairn.signature', true))) > 0 then
    return nullif((v_context::text[])[1], '');
  end if;
  return null;
end
$$;

ALTER FUNCTION cairn.context_role() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.context_role() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.context_user() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_context constant text := nullif(current_setting('cairn.context', true), '');
begin
  if cardinality(verify_context(v_context, current_setting('cairn.signature', true))) > 0 then
    return nullif((v_context::text[])[2], '');
  end if;
  return null;
end
$$;

ALTER FUNCTION cairn.context_user() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.context_user() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.count_events(p_context text, p_signature text, p_tenant text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the count names a tenant outside of its context';
  end if;
  return (
    select coalesce(json_agg(json_build_array(c.type, c.n) order by c.n desc, c.type), '[]')::text
      from (select e.type, count(*) as n from events e where e.tenant_id = p_tenant group by e.type) c);
end
$$;

ALTER FUNCTION cairn.count_events(p_context text, p_signature text, p_tenant text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.count_events(p_context text, p_signature text, p_tenant text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.count_existing(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_context text[] := verify_context(p_context, p_signature);
begin
  if cardinality(v_context) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  return (
    select count(*) from unnest(p_tenant, p_type, p_id) r(t, ty, id)
     where (select s.version > 0 from streams s
             where s.tenant_id = v_context[r.t] and s.aggregate_type = r.ty and s.aggregate_id = r.id));
end
$$;

ALTER FUNCTION cairn.count_existing(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.count_existing(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  return (select json_agg(json_build_array(c.process_manager, c.instances, (extract(epoch from c.quietest) * 1000)::bigint)
                          order by c.process_manager)
            from (select i.process_manager, count(*) as instances, min(i.updated_at) as quietest from process_instances i
                   where (p_tenant is null or i.tenant_id = p_tenant) and (p_manager is null or i.process_manager = p_manager)
                     and (p_status is null or i.status = p_status) and (p_quiet_since is null or i.updated_at < p_quiet_since)
                   group by i.process_manager) c);
end
$$;

ALTER FUNCTION cairn.count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.enqueue_commands(p_commands jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_first constant bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
  insert into commands (tenant_id, id, hash, status, type, aggregate_type, aggregate_id, payload, metadata, due_at, seq, updated_at)
  select e->>0, (e->>1)::uuid, decode(e->>2, 'hex'), 'pending', e->>3, e->>4, e->>5, e->6, e->7,
         to_timestamp((e->>8)::double precision / 1000), v_first + place - 1, now()
    from jsonb_array_elements(p_commands) with ordinality w(e, place)
   -- Two transactions that share some wait for each other in one direction only.
   order by e->>0, (e->>1)::uuid
  on conflict do nothing;
  with found as (
    select c.tenant_id, c.id, e from jsonb_array_elements(p_commands) e
      join lateral (select x.* from commands x where x.tenant_id = e->>0 and x.id = (e->>1)::uuid limit 1) c
        on c.metadata is null and c.hash = decode(e->>2, 'hex')
     order by c.tenant_id, c.id
  )
  update commands c set type = e->>3, aggregate_type = e->>4, aggregate_id = e->>5, payload = e->6, metadata = e->7,
                        result = receipt_result(c, e->>5), updated_at = now()
    from found where c.tenant_id = found.tenant_id and c.id = found.id;
  return (select json_agg(json_build_array(c.tenant_id, c.id)) from jsonb_array_elements(p_commands) e
            join lateral (select x.* from commands x where x.tenant_id = e->>0 and x.id = (e->>1)::uuid limit 1) c
              on c.hash is distinct from decode(e->>2, 'hex'));
end
$$;

ALTER FUNCTION cairn.enqueue_commands(p_commands jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.enqueue_commands(p_commands jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true
     or exists (select from jsonb_array_elements(p_commands) e where e->>0 is distinct from p_tenant) then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  return enqueue_commands(p_commands);
end
$$;

ALTER FUNCTION cairn.enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.enter_context(p_context text, p_signature text) RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_tenants text[] := verify_context(p_context, p_signature);
begin
  if cardinality(v_tenants) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  perform set_config('cairn.context', p_context, true), set_config('cairn.signature', p_signature, true);
  return v_tenants;
end
$$;

ALTER FUNCTION cairn.enter_context(p_context text, p_signature text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.enter_context(p_context text, p_signature text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.events (
    "position" bigint NOT NULL,
    stream_id bigint NOT NULL,
    version bigint NOT NULL,
    schema_version integer NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    tenant_id text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    metadata jsonb NOT NULL,
    correlation_id text,
    workflow_id text,
    user_id text,
    project_id text,
    job_id text
);
ALTER TABLE ONLY cairn.events ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN aggregate_type SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN aggregate_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN metadata SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN correlation_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN workflow_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN user_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN project_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.events ALTER COLUMN job_id SET STATISTICS 0;

ALTER TABLE cairn.events OWNER TO cairn_owner;

CREATE FUNCTION cairn.event_json(e cairn.events) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select '[' || e.position || ',' || e.version || ',"' || e.id || '",' || to_json(e.tenant_id) || ',' || to_json(e.aggregate_type) || ','
         || to_json(e.aggregate_id) || ',' || to_json(e.type) || ',' || e.payload || ',' || e.metadata || ','
         || (extract(epoch from e.recorded_at) * 1000)::bigint || ']'
$$;

ALTER FUNCTION cairn.event_json(e cairn.events) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.event_json(e cairn.events) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $_$
declare
  v_given int;
begin
  -- This runs with the owner's rights: what it touches must be the owner's own, or its triggers would have these rights.
  if not exists (select from pg_namespace n where n.nspname = p_jobs_schema and n.nspowner::regrole::text = quote_ident(current_user)) then
    raise exception using errcode = '42501', message = format('the schema %I is not the owner''s', p_jobs_schema);
  end if;
  execute format($sql$
    with failed as (
      delete from %1$I.job j where j.name = $2 and j.state = 'failed'
    ), orphans as (
      select c.tenant_id, c.id from commands c
       where (c.status = 'consumed' or c.retry_at is not null) and c.status = 'consumed' and c.owner = $1
         and c.updated_at < clock_timestamp() - $3 * interval '1 millisecond'
         and not exists (
           select from %1$I.job j
            where j.name = $2 and j.state in ('created', 'retry', 'active')
              and j.singleton_key = replace(replace(c.tenant_id, '%%', '%%25'), '/', '%%2F') || '/'
                                 || replace(replace(c.aggregate_type, '%%', '%%25'), '/', '%%2F') || '/'
                                 || replace(replace(c.aggregate_id, '%%', '%%25'), '/', '%%2F'))
       order by c.tenant_id, c.id for update of c skip locked
    )
    update commands c set status = 'pending', owner = null, updated_at = clock_timestamp()
      from orphans o where c.tenant_id = o.tenant_id and c.id = o.id
  $sql$, p_jobs_schema) using p_owner, p_queue, p_grace_ms;
  get diagnostics v_given = row_count;
  return v_given;
end
$_$;

ALTER FUNCTION cairn.give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.grant_read_models(p_projection text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  r record;
begin
  for r in
    select t ->> 'name' as physical, t -> 'model' ->> 'name' as view, g.state = 'live' as live, g.inline
      from generations g, jsonb_array_elements(g.tables) t
     where p_projection is null or g.projection = p_projection
  loop
    continue when to_regclass(quote_ident(r.physical)) is null;
    execute format('revoke all on %I from public, cairn_app, cairn_worker, cairn_maintenance', r.physical);
    execute format('grant select, insert, update, delete on %I to cairn_worker', r.physical);
    continue when not r.live;
    execute format('grant select on %I to cairn_app', r.physical);
    if r.inline then
      -- The policy asks for a context that only the event store's own writes have.
      execute format('grant insert, update, delete on %I to cairn_app', r.physical);
    end if;
    if to_regclass(quote_ident(r.view)) is not null then
      execute format('revoke all on %I from public, cairn_app, cairn_worker, cairn_maintenance', r.view);
      execute format('grant select on %I to cairn_app, cairn_worker', r.view);
    end if;
  end loop;
end
$$;

ALTER FUNCTION cairn.grant_read_models(p_projection text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.grant_read_models(p_projection text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.handed_commands(p_owner text, p_ids jsonb) RETURNS json
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select json_agg(command_json(c)) from jsonb_array_elements(p_ids) e
    join lateral (select x.* from commands x where x.tenant_id = e->>0 and x.id = (e->>1)::uuid limit 1) c
      on c.status = 'consumed' and c.owner = p_owner
$$;

ALTER FUNCTION cairn.handed_commands(p_owner text, p_ids jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.handed_commands(p_owner text, p_ids jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.hold_change_horizon() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  f bigint;
  held text := current_setting('cairn.change_horizon', true);
  xid text := pg_current_xact_id()::text;
  remembered bigint;
  v_done boolean;
begin
  f := pg_sequence_last_value('change_positions'::regclass);
  if f is null then
    select last_value - 1 into f from change_positions;
  end if;
  if held is not null and split_part(held, ':', 1) = xid then
    remembered := split_part(held, ':', 2)::bigint;
    if remembered between f - 1073741824 and f then
      f := remembered;
    end if;
  else
    held := set_config('cairn.change_horizon', xid || ':' || f, true);
  end if;
  v_done := pg_advisory_xact_lock_shared('change_positions'::regclass::oid::int, f::bit(32)::int) is null;
end
$$;

ALTER FUNCTION cairn.hold_change_horizon() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.hold_change_horizon() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.hold_horizon() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  f bigint;
  held text := current_setting('cairn.horizon', true);
  xid text := pg_current_xact_id()::text;
  remembered bigint;
  -- Assignments in place of `perform`, which would run each as a statement of its own.
  v_done boolean;
begin
  -- Null until the first nextval. Asked this way, the usual case needs no statement of its own either.
  f := pg_sequence_last_value('event_positions'::regclass);
  if f is null then
    -- Called by somebody in between: then one too low, which is safe.
    select last_value - 1 into f from event_positions;
  end if;
  if held is not null and split_part(held, ':', 1) = xid then
    remembered := split_part(held, ':', 2)::bigint;
    if remembered between f - 1073741824 and f then
      f := remembered;
    end if;
  else
    held := set_config('cairn.horizon', xid || ':' || f, true);
  end if;
  v_done := pg_advisory_xact_lock_shared('event_positions'::regclass::oid::int, f::bit(32)::int) is null;
end
$$;

ALTER FUNCTION cairn.hold_horizon() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.hold_horizon() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.horizon() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  l bigint;
  m bigint;
begin
  perform assert_log_order();
  select case when is_called then last_value else last_value - 1 end into l from event_positions;
  select min(l + ((objid::bigint - l % 4294967296 + 6442450944) % 4294967296) - 2147483648) into m
    from pg_locks
   where locktype = 'advisory' and objsubid = 2
     and classid = 'event_positions'::regclass::oid
     and database = (select oid from pg_database where datname = current_database());
  return least(l, m);
end
$$;

ALTER FUNCTION cairn.horizon() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.horizon() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.list_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone, a_manager text, a_tenant text, a_instance text, p_limit integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  return (select json_agg(process_instance_json(l::process_instances) order by l.process_manager, l.tenant_id, l.instance_id)
            from (select i.* from process_instances i
                   where (p_tenant is null or i.tenant_id = p_tenant) and (p_manager is null or i.process_manager = p_manager)
                     and (p_status is null or i.status = p_status) and (p_quiet_since is null or i.updated_at < p_quiet_since)
                     and (a_manager is null or (i.process_manager, i.tenant_id, i.instance_id) > (a_manager, a_tenant, a_instance))
                   order by i.process_manager, i.tenant_id, i.instance_id limit p_limit) l);
end
$$;

ALTER FUNCTION cairn.list_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone, a_manager text, a_tenant text, a_instance text, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.list_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone, a_manager text, a_tenant text, a_instance text, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) RETURNS json
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
  select json_agg(process_instance_json(i)) from unnest(k_manager, k_tenant, k_instance) k(m, t, n)
    join lateral (select x.* from process_instances x where x.process_manager = k.m and x.tenant_id = k.t and x.instance_id = k.n limit 1) i on true
$$;

ALTER FUNCTION cairn.load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.load_streams(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_after bigint[], p_limit integer) RETURNS TABLE(stream_no integer, version bigint, closed boolean, snapshot_version bigint, snapshot_schema integer, snapshot_state text, first_version bigint, types json, schemas json, payloads text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
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

ALTER FUNCTION cairn.load_streams(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_after bigint[], p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.load_streams(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_after bigint[], p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.lock_process_instance(p_manager text, p_tenant text, p_instance text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select pg_advisory_xact_lock(hashtextextended(json_build_array('process', p_manager, p_tenant, p_instance)::text, 0))
$$;

ALTER FUNCTION cairn.lock_process_instance(p_manager text, p_tenant text, p_instance text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.lock_process_instance(p_manager text, p_tenant text, p_instance text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.log_head(OUT horizon bigint, OUT newest bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
begin
  horizon := horizon();
  select coalesce(max(e.position), 0) into newest from events e;
end
$$;

ALTER FUNCTION cairn.log_head(OUT horizon bigint, OUT newest bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.log_head(OUT horizon bigint, OUT newest bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.log_id() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select encode(substr(sha256(convert_to(concat_ws(' ', i.id, c.system_identifier, d.oid), 'UTF8')), 1, 16), 'hex')::uuid
    from log_identity i, pg_control_system() c, pg_database d where d.datname = current_database()
$$;

ALTER FUNCTION cairn.log_id() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.log_id() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.parked_list(p_name text, p_generation integer, p_partition integer, p_parking_key text, p_requested boolean, p_after bigint, p_limit integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
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

ALTER FUNCTION cairn.parked_list(p_name text, p_generation integer, p_partition integer, p_parking_key text, p_requested boolean, p_after bigint, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.parked_list(p_name text, p_generation integer, p_partition integer, p_parking_key text, p_requested boolean, p_after bigint, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.parked_request(p_name text, p_generation integer, p_what text, p_positions bigint[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_count int;
begin
  update parked_events e set request = p_what
   where e.name = p_name and e.generation = p_generation and (p_positions is null or e.position = any (p_positions));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

ALTER FUNCTION cairn.parked_request(p_name text, p_generation integer, p_what text, p_positions bigint[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.parked_request(p_name text, p_generation integer, p_what text, p_positions bigint[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.pending_commands(p_at timestamp with time zone, p_seq bigint, p_id uuid, p_limit integer) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  -- Two indexes, one each: admitted ones, and raw ones.
  return (
    select json_agg(json_build_array(command_json(t.c), (t.c).hash is null,
                                     coalesce(to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), t.at::text),
                                     (t.c).seq::text)
                    order by t.at, (t.c).seq, (t.c).id)
      from (
        select u.* from (
          (select c, coalesce(c.due_at, c.created_at) as at from commands c
            where c.status = 'pending' and c.hash is not null and coalesce(c.due_at, c.created_at) <= v_now
              and (c.retry_at is null or c.retry_at <= v_now)
              and (p_at is null or (coalesce(c.due_at, c.created_at), c.seq, c.id) > (p_at, p_seq, p_id))
            order by coalesce(c.due_at, c.created_at), c.seq, c.id limit p_limit)
          union all
          (select c, coalesce(c.due_at, c.created_at) as at from commands c
            where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= v_now
              and (p_at is null or (coalesce(c.due_at, c.created_at), c.seq, c.id) > (p_at, p_seq, p_id))
            order by coalesce(c.due_at, c.created_at), c.seq, c.id limit p_limit)
        ) u order by u.at, (u.c).seq, (u.c).id limit p_limit
      ) t);
end
$$;

ALTER FUNCTION cairn.pending_commands(p_at timestamp with time zone, p_seq bigint, p_id uuid, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.pending_commands(p_at timestamp with time zone, p_seq bigint, p_id uuid, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.position_at(p_time timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_safe constant timestamptz := p_time - interval '1 hour';
  v_horizon constant bigint := horizon();
  v_low bigint := 0;
  v_high bigint := v_horizon;
  v_middle bigint;
  v_position bigint;
  v_recorded timestamptz;
begin
  -- All up to v_low is surely older; the first event behind v_high is not needed.
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low) / 2;
    select e.position, e.recorded_at into v_position, v_recorded from events e
     where e.position > v_middle and e.position <= v_high order by e.position limit 1;
    if found and v_recorded < v_safe then
      v_low := v_position;
    else
      v_high := v_middle;
    end if;
  end loop;
  select e.position into v_position from events e
   where e.position > v_low and e.position <= v_horizon and e.recorded_at >= p_time order by e.position limit 1;
  return case when found then v_position - 1 else v_horizon end;
end
$$;

ALTER FUNCTION cairn.position_at(p_time timestamp with time zone) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.position_at(p_time timestamp with time zone) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.process_instances (
    process_manager text NOT NULL,
    tenant_id text NOT NULL,
    instance_id text NOT NULL,
    status text NOT NULL,
    state jsonb NOT NULL,
    state_version integer NOT NULL,
    version integer NOT NULL,
    "position" bigint NOT NULL,
    steps integer NOT NULL,
    timers jsonb NOT NULL,
    waiting_for text,
    started_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT process_instances_status_check CHECK ((status = ANY (ARRAY['running'::text, 'done'::text])))
)
WITH (fillfactor='85');
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN process_manager SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN instance_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN status SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN state SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN timers SET STATISTICS 0;
ALTER TABLE ONLY cairn.process_instances ALTER COLUMN waiting_for SET STATISTICS 0;

ALTER TABLE cairn.process_instances OWNER TO cairn_owner;

CREATE FUNCTION cairn.process_instance_json(i cairn.process_instances) RETURNS json
    LANGUAGE sql STABLE
    AS $$
  select json_build_array(i.process_manager, i.tenant_id, i.instance_id, i.status, i.state, i.state_version, i.version, i.position, i.steps,
                          i.timers, i.waiting_for, (extract(epoch from i.started_at) * 1000)::bigint,
                          (extract(epoch from i.updated_at) * 1000)::bigint)
$$;

ALTER FUNCTION cairn.process_instance_json(i cairn.process_instances) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.process_instance_json(i cairn.process_instances) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.query_events(p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text, p_workflow text, p_user text, p_project text, p_from timestamp with time zone, p_to timestamp with time zone, p_cursor bigint, p_newest_first boolean, p_limit integer, OUT events text, OUT more boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
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

ALTER FUNCTION cairn.query_events(p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text, p_workflow text, p_user text, p_project text, p_from timestamp with time zone, p_to timestamp with time zone, p_cursor bigint, p_newest_first boolean, p_limit integer, OUT events text, OUT more boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.query_events(p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text, p_workflow text, p_user text, p_project text, p_from timestamp with time zone, p_to timestamp with time zone, p_cursor bigint, p_newest_first boolean, p_limit integer, OUT events text, OUT more boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.raw_commands(p_types text[], p_limit integer) RETURNS json
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select json_agg(json_build_array(r.id, r.tenant_id, r.type, r.aggregate_type, r.aggregate_id, r.payload, r.metadata)
                  order by r.at, r.seq, r.place)
    from (select c.*, coalesce(c.due_at, c.created_at) as at, c.ctid as place from commands c
           where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= clock_timestamp() and c.type = any (p_types)
           order by coalesce(c.due_at, c.created_at), c.seq, c.ctid limit p_limit) r
$$;

ALTER FUNCTION cairn.raw_commands(p_types text[], p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.raw_commands(p_types text[], p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_changes(p_after bigint, p_up_to bigint, p_limit integer, p_schema text, p_table text, p_operations text[], p_column text, p_operator text, p_values text[], p_window bigint, OUT horizon bigint, OUT next bigint, OUT changes text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_most constant bigint := 33554432;
  v_bytes bigint := 0;
  v_texts text[];
  v_cut boolean := false;
  v_end bigint;
  v_last bigint;
  v_change record;
begin
  horizon := change_horizon();
  v_end := least(read_changes.horizon, p_up_to, p_after + p_window);
  for v_change in
    select x.change_id,
           json_build_array(x.change_id, x.operation, x.tenant_id, x.new_row, x.old_row,
                            (date_part('epoch', x.recorded_at) * 1000)::bigint)::text as text
      from changes x
     where x.change_id > p_after and x.change_id <= v_end and x.schema_name = p_schema and x.table_name = p_table
       and x.operation = any (p_operations)
       and (p_operator is null or change_matches(coalesce(x.new_row, x.old_row), p_column, p_operator, p_values))
     order by x.change_id limit p_limit
  loop
    v_bytes := v_bytes + octet_length(v_change.text);
    v_cut := v_texts is not null and v_bytes > v_most;
    exit when v_cut;
    v_texts := array_append(v_texts, v_change.text);
    v_last := v_change.change_id;
  end loop;
  changes := '[' || array_to_string(v_texts, ',') || ']';
  next := greatest(p_after, case when v_cut or cardinality(v_texts) = p_limit then v_last else v_end end);
end
$$;

ALTER FUNCTION cairn.read_changes(p_after bigint, p_up_to bigint, p_limit integer, p_schema text, p_table text, p_operations text[], p_column text, p_operator text, p_values text[], p_window bigint, OUT horizon bigint, OUT next bigint, OUT changes text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_changes(p_after bigint, p_up_to bigint, p_limit integer, p_schema text, p_table text, p_operations text[], p_column text, p_operator text, p_values text[], p_window bigint, OUT horizon bigint, OUT next bigint, OUT changes text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_log(p_after bigint, p_limit integer, p_types text[], p_tenant text, OUT horizon bigint, OUT events text, OUT next bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_most constant bigint := 33554432;
  v_limit int := p_limit;
  v_count int;
  v_last bigint;
begin
  horizon := horizon();
  loop
    begin
      select '[' || string_agg(event_json(e), ',') || ']', count(*), max(e.position)
        into events, v_count, v_last
        from (
          select x.* from events x
           where x.position > p_after and x.position <= read_log.horizon
             and (p_types is null or x.type = any (p_types)) and (p_tenant is null or x.tenant_id = p_tenant)
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
  next := case when v_count < v_limit then greatest(p_after, read_log.horizon) else v_last end;
end
$$;

ALTER FUNCTION cairn.read_log(p_after bigint, p_limit integer, p_types text[], p_tenant text, OUT horizon bigint, OUT events text, OUT next bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_log(p_after bigint, p_limit integer, p_types text[], p_tenant text, OUT horizon bigint, OUT events text, OUT next bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_log_page(p_after bigint, p_up_to bigint, p_limit integer, p_types text[], p_tenant text, p_window bigint, p_unread boolean, OUT horizon bigint, OUT next bigint, OUT positions text, OUT versions text, OUT ids text, OUT tenants text, OUT aggregate_types text, OUT aggregate_ids text, OUT types text, OUT times text, OUT payloads text, OUT metadata text, OUT schemas text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_sample constant bigint := least(2000, p_window);
  v_most constant bigint := 33554432;
  v_limit int := p_limit;
  v_bytes bigint;
  v_end bigint;
  v_count int;
  v_last bigint;
  v_found bigint[];
begin
  horizon := horizon();
  v_end := least(read_log_page.horizon, p_up_to);
  if p_types is not null and p_tenant is null and v_end > p_after + v_sample
     and exists (select from pg_index i where i.indexrelid = to_regclass('events_by_type') and i.indisvalid) then
    select count(*) into v_count from events x where x.position > p_after and x.position <= p_after + v_sample and x.type = any (p_types);
    if v_count * 50 < v_sample then
      v_end := least(v_end, p_after + 20 * p_window);
      v_found := array(
        select f.position from unnest(p_types) t
          cross join lateral (
            select x.position from events x
             where x.type = t and x.position > p_after and x.position <= v_end order by x.position limit p_limit
          ) f
         group by f.position order by f.position limit p_limit);
    end if;
  end if;
  if v_found is null and (p_types is not null or p_tenant is not null) then
    v_end := least(v_end, p_after + p_window);
  end if;
  loop
    begin
      select count(*), max(e.position), string_agg(e.position::text, ','), string_agg(e.version::text, ','), string_agg(e.id::text, ''),
             json_agg(e.tenant_id), json_agg(e.aggregate_type), json_agg(e.aggregate_id), json_agg(e.type),
             string_agg((date_part('epoch', e.recorded_at) * 1000)::bigint::text, ',') filter (where not p_unread),
             string_agg(e.payload::text, ','), string_agg(e.metadata::text, ',') filter (where not p_unread),
             string_agg(e.schema_version::text, ',') filter (where p_unread)
        into v_count, v_last, positions, versions, ids, tenants, aggregate_types, aggregate_ids, types, times, payloads, metadata, schemas
        from (
          (select x.position, x.version, x.id, x.tenant_id, x.aggregate_type, x.aggregate_id, x.type, x.recorded_at, x.payload, x.metadata, x.schema_version
             from events x
            where v_found is null and x.position > p_after and x.position <= v_end
              and (p_types is null or x.type = any (p_types)) and (p_tenant is null or x.tenant_id = p_tenant)
            order by x.position limit v_limit)
          union all
          (select x.position, x.version, x.id, x.tenant_id, x.aggregate_type, x.aggregate_id, x.type, x.recorded_at, x.payload, x.metadata, x.schema_version
             from events x where x.position = any (v_found) order by x.position limit v_limit)
        ) e;
      v_bytes := octet_length(payloads)::bigint + coalesce(octet_length(read_log_page.metadata), 0);
      exit when v_count <= 1 or v_bytes <= v_most;
      v_limit := greatest(1, least(v_count - 1, v_count * v_most / v_bytes));
    exception when program_limit_exceeded or out_of_memory or internal_error then
      if v_limit = 1 then
        raise;
      end if;
      v_limit := greatest(1, v_limit / 32);
    end;
  end loop;
  next := greatest(p_after, case when v_count < v_limit then v_end else v_last end);
end
$$;

ALTER FUNCTION cairn.read_log_page(p_after bigint, p_up_to bigint, p_limit integer, p_types text[], p_tenant text, p_window bigint, p_unread boolean, OUT horizon bigint, OUT next bigint, OUT positions text, OUT versions text, OUT ids text, OUT tenants text, OUT aggregate_types text, OUT aggregate_ids text, OUT types text, OUT times text, OUT payloads text, OUT metadata text, OUT schemas text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_log_page(p_after bigint, p_up_to bigint, p_limit integer, p_types text[], p_tenant text, p_window bigint, p_unread boolean, OUT horizon bigint, OUT next bigint, OUT positions text, OUT versions text, OUT ids text, OUT tenants text, OUT aggregate_types text, OUT aggregate_ids text, OUT types text, OUT times text, OUT payloads text, OUT metadata text, OUT schemas text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean DEFAULT false) RETURNS SETOF text
    LANGUAGE plpgsql
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  perform enter_context(p_context, p_signature);
  if p_page then
    perform set_config('enable_bitmapscan', 'off', true);
  end if;
  return query execute p_query using p_values;
end
$$;

ALTER FUNCTION cairn.read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamp with time zone, p_limit integer, OUT events text, OUT more boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_most constant bigint := 33554432;
  v_limit int := p_limit;
  v_count int;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  loop
    begin
      select '[' || string_agg(event_json(e), ',') || ']', count(*)
        into events, v_count
        from (
          select x.* from events x
           where x.stream_id = (select s.stream_id from streams s
                                 where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id)
             and x.version between p_from and p_to and x.recorded_at <= p_until
           order by x.version limit v_limit
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

ALTER FUNCTION cairn.read_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamp with time zone, p_limit integer, OUT events text, OUT more boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamp with time zone, p_limit integer, OUT events text, OUT more boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.read_tenant_log(p_context text, p_signature text, p_tenant text, p_after bigint, p_limit integer, p_types text[], OUT horizon bigint, OUT events text, OUT next bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
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

ALTER FUNCTION cairn.read_tenant_log(p_context text, p_signature text, p_tenant text, p_after bigint, p_limit integer, p_types text[], OUT horizon bigint, OUT events text, OUT next bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.read_tenant_log(p_context text, p_signature text, p_tenant text, p_after bigint, p_limit integer, p_types text[], OUT horizon bigint, OUT events text, OUT next bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.receipt_result(c cairn.commands, p_aggregate_id text) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
  select jsonb_build_object(
    'aggregateId', p_aggregate_id, 'version', c.version, 'position', coalesce(c.position, 0),
    'eventIds', coalesce((select jsonb_agg(e.id order by e.version) from events e
                           where e.stream_id = c.stream_id and e.version between c.first_version and c.version), '[]'))
$$;

ALTER FUNCTION cairn.receipt_result(c cairn.commands, p_aggregate_id text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.receipt_result(c cairn.commands, p_aggregate_id text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.record_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_old jsonb;
  v_new jsonb;
begin
  if tg_op <> 'INSERT' then
    v_old := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    v_new := to_jsonb(new);
  end if;
  -- Before nextval, once in a transaction as far as locks go.
  perform hold_change_horizon();
  insert into changes (change_id, operation, schema_name, table_name, tenant_id, new_row, old_row)
  values (nextval('change_positions'), tg_op, tg_argv[0], tg_argv[1], coalesce(v_new, v_old)->>'tenant_id', v_new, v_old);
  if tg_argv[2] = 'notify' then
    perform pg_notify(tg_argv[3], '');
  end if;
  return null;
end
$$;

ALTER FUNCTION cairn.record_change() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.record_change() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = 'ZC004', message = 'events are history: they cannot be updated, deleted or truncated';
end
$$;

ALTER FUNCTION cairn.refuse_change() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.refuse_change() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.refuse_commands(p_commands jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  with found as (
    select c.tenant_id, c.id, e from jsonb_array_elements(p_commands) e
      join commands c on c.tenant_id = e->>0 and c.id = (e->>1)::uuid
     where c.status = 'pending' and c.version is null
     order by c.tenant_id, c.id for update of c
  )
  -- Without a hash the row would be taken for one that nobody has looked at.
  update commands c set status = 'failed', error = e->2, hash = coalesce(c.hash, ''), retry_at = null, updated_at = now()
    from found where c.tenant_id = found.tenant_id and c.id = found.id;
end
$$;

ALTER FUNCTION cairn.refuse_commands(p_commands jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.refuse_commands(p_commands jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the reservation names a tenant outside of its context';
  end if;
  delete from reservations r where r.tenant_id = p_tenant and r.scope = p_scope and r.key = p_key;
  return found;
end
$$;

ALTER FUNCTION cairn.release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.remove_changes(p_before timestamp with time zone, p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_horizon constant bigint := change_horizon();
  v_read bigint;
  v_removed int;
begin
  -- Null, and so nothing is removed, where there is no pump: what is watched is watched for one that is still to come.
  select case when count(*) > 0 then least(v_horizon, min(p.checkpoint),
               (select min(e.position) - 1 from parked_events e join subscriptions s using (name, generation) where s.kind = 'pump')) end
    into v_read
    from subscription_partitions p join subscriptions s using (name, generation)
   where s.kind = 'pump' and p.state <> 'retired';
  delete from changes c using (
    select x.change_id from changes x where x.change_id <= v_read and x.recorded_at < p_before order by x.change_id limit p_limit
  ) old where c.change_id = old.change_id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION cairn.remove_changes(p_before timestamp with time zone, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.remove_changes(p_before timestamp with time zone, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.remove_finished_commands(p_before timestamp with time zone, p_limit integer, p_failed boolean) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_removed int;
begin
  delete from commands c using (
    select k.tenant_id, k.id from commands k
     where k.created_at < p_before and coalesce(k.updated_at, k.created_at) < p_before and k.version is null
       and (k.status = 'processed' or k.status = 'failed' and (p_failed or k.error ->> 'code' = 'CAIRN_COMMAND_CANCELLED'))
     limit p_limit for update skip locked
  ) old where c.tenant_id = old.tenant_id and c.id = old.id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION cairn.remove_finished_commands(p_before timestamp with time zone, p_limit integer, p_failed boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.remove_finished_commands(p_before timestamp with time zone, p_limit integer, p_failed boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.remove_receipts(p_before timestamp with time zone, p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_removed int;
begin
  delete from commands c using (
    select k.tenant_id, k.id from commands k
     -- The first for the index; a command stored long ago may have been carried out yesterday.
     where k.created_at < p_before and coalesce(k.updated_at, k.created_at) < p_before and k.status = 'processed' and k.version is not null
     limit p_limit for update skip locked
  ) old where c.tenant_id = old.tenant_id and c.id = old.id;
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION cairn.remove_receipts(p_before timestamp with time zone, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.remove_receipts(p_before timestamp with time zone, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the reservation names a tenant outside of its context';
  end if;
  insert into reservations (tenant_id, scope, key) values (p_tenant, p_scope, p_key) on conflict do nothing;
  return found;
end
$$;

ALTER FUNCTION cairn.reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[]) RETURNS TABLE(id uuid, hash text, took_effect boolean, aggregate_type text, aggregate_id text, version bigint, "position" bigint, events text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the question names a tenant outside of its context';
  end if;
  return query
  select c.id, encode(c.hash, 'hex'), c.version is not null, coalesce(s.aggregate_type, c.aggregate_type),
         coalesce(s.aggregate_id, c.aggregate_id), c.version, c.position,
         (select '[' || string_agg(event_json(e), ',' order by e.version) || ']' from events e
           where e.stream_id = c.stream_id and e.version between c.first_version and c.version)
    from unnest(p_ids) wanted(id)
    -- The limits keep these look-ups; see append_many.
    join lateral (select x.* from commands x where x.tenant_id = p_tenant and x.id = wanted.id and x.hash is not null limit 1) c on true
    left join lateral (select x.* from streams x where x.stream_id = c.stream_id limit 1) s on true;
end
$$;

ALTER FUNCTION cairn.results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.save_process_instances(p_instances jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  insert into process_instances (process_manager, tenant_id, instance_id, status, state, state_version, version, position, steps, timers,
                                 waiting_for, started_at, updated_at)
  select e->>0, e->>1, e->>2, e->>3, e->4, (e->>5)::int, (e->>6)::int, (e->>7)::bigint, (e->>8)::int, e->9, e->>10,
         to_timestamp((e->>11)::double precision / 1000), to_timestamp((e->>12)::double precision / 1000)
    from jsonb_array_elements(p_instances) e order by e->>0, e->>1, e->>2
  on conflict (process_manager, tenant_id, instance_id) do update
    set status = excluded.status, state = excluded.state, state_version = excluded.state_version, version = excluded.version,
        position = excluded.position, steps = excluded.steps, timers = excluded.timers, waiting_for = excluded.waiting_for,
        updated_at = excluded.updated_at
    -- Where the scheduler was changed, a step of the old one may come late. Its commands are there already, by their ids; the
    -- instance must not go back.
    where excluded.position >= process_instances.position
$$;

ALTER FUNCTION cairn.save_process_instances(p_instances jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.save_process_instances(p_instances jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  select max(s.seqcache)::text into cache from pg_sequence s where s.seqrelid in ('event_positions'::regclass, 'change_positions'::regclass);
  select coalesce((select max(e.position) from events e), 0) > (select case when is_called then last_value else last_value - 1 end from event_positions)
      or coalesce((select max(s.stream_id) from streams s), 0) > (select case when is_called then last_value else last_value - 1 end from stream_ids)
      or coalesce((select max(c.change_id) from changes c), 0) > (select case when is_called then last_value else last_value - 1 end from change_positions)
    into behind;
end
$$;

ALTER FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.settle_commands(p_worker text, p_outcomes jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_settled int;
begin
  with found as (
    select c.tenant_id, c.id, e->>2 as outcome, nullif(e->3, 'null') as result, nullif(e->4, 'null') as error, (e->>5)::bigint as wait_ms
      from jsonb_array_elements(p_outcomes) e
      join commands c on c.tenant_id = e->>0 and c.id = (e->>1)::uuid
     where c.status = 'consumed' and c.owner = p_worker
     order by c.tenant_id, c.id for update of c
  )
  update commands c
     set status = case when f.outcome in ('retry', 'returned') then 'pending'
                       when f.outcome = 'handed' then 'consumed'
                       -- What took effect did not fail.
                       when c.version is not null then 'processed' else f.outcome end,
         attempts = c.attempts - case when f.outcome = 'returned' then 1 else 0 end,
         result = f.result,
         error = case when f.outcome = 'returned' then c.error when f.outcome = 'failed' and c.version is not null then null else f.error end,
         retry_at = case when f.wait_ms > 0 then v_now + f.wait_ms * interval '1 millisecond' end,
         owner = case when f.outcome = 'handed' then 'elsewhere' end, updated_at = v_now
    from found f where c.tenant_id = f.tenant_id and c.id = f.id;
  get diagnostics v_settled = row_count;
  return v_settled;
end
$$;

ALTER FUNCTION cairn.settle_commands(p_worker text, p_outcomes jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.settle_commands(p_worker text, p_outcomes jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_commit(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  if p_unpark is not null then
    -- What waited behind them is asked for by that: whoever dies now leaves nobody behind who waits for nothing.
    with gone as (
      delete from parked_events e
       where e.name = p_name and e.generation = p_generation and e.partition = p_partition and e.position = any (p_unpark)
      returning e.parking_key
    )
    update parked_events e set request = 'retry'
     where e.name = p_name and e.generation = p_generation and e.partition = p_partition and e.status = 'waiting' and e.request is null
       and e.position <> all (p_unpark) and e.parking_key in (select g.parking_key from gone g);
  end if;
  if p_park is not null then
    insert into parked_events as e (name, generation, partition, position, parking_key, event_id, tenant_id, type, status, failure)
    select p_name, p_generation, p_partition, x.position, x."parkingKey", x."eventId", x."tenantId", x.type, x.status, x.failure
      from jsonb_to_recordset(p_park) x(position bigint, "parkingKey" text, "eventId" uuid, "tenantId" text, type text, status text, failure jsonb)
    on conflict (name, generation, partition, position)
    -- Somebody may have given an event up while it was tried again: that stands.
    do update set status = excluded.status, failure = excluded.failure, request = case e.request when 'discard' then e.request end;
  end if;
  update subscription_partitions p
     set checkpoint = coalesce(p_checkpoint, p.checkpoint), commits = p.commits + 1, updated_at = clock_timestamp()
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition
     and p.fence = p_fence and p.commits = p_commits and coalesce(p_checkpoint >= p.checkpoint, true);
  if found then
    return;
  end if;
  perform from subscription_partitions p
    where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence and p.commits = p_commits;
  if found then
    raise exception using errcode = 'ZC006', message = 'the checkpoint would move back';
  end if;
  raise exception using errcode = 'ZC005', message = 'the lease was lost';
end
$$;

ALTER FUNCTION cairn.subscription_commit(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_commit(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_commits(p_name text, p_generation integer, p_partition integer, OUT fence bigint, OUT commits bigint, OUT kind text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '20s'
    AS $$
begin
  select p.fence, p.commits into fence, commits from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition for update;
  select s.kind into kind from subscriptions s where s.name = p_name and s.generation = p_generation;
end
$$;

ALTER FUNCTION cairn.subscription_commits(p_name text, p_generation integer, p_partition integer, OUT fence bigint, OUT commits bigint, OUT kind text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_commits(p_name text, p_generation integer, p_partition integer, OUT fence bigint, OUT commits bigint, OUT kind text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_control(p_name text, p_generation integer, p_state text, OUT known boolean, OUT refused text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '20s'
    AS $$
begin
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  known := found;
  select p.state into refused from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.state <> p_state and not subscription_may_move(p.state, p_state)
   order by p.partition limit 1;
  if refused is null then
    update subscription_partitions p
       set state = p_state, updated_at = clock_timestamp(), failure = case when subscription_runs(p_state) then null else p.failure end
     where p.name = p_name and p.generation = p_generation and p.state <> p_state;
  end if;
end
$$;

ALTER FUNCTION cairn.subscription_control(p_name text, p_generation integer, p_state text, OUT known boolean, OUT refused text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_control(p_name text, p_generation integer, p_state text, OUT known boolean, OUT refused text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_dispossess(p_name text, p_generation integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform from subscription_leases l where l.name = p_name and l.generation = p_generation order by l.partition for update;
  update subscription_partitions p set fence = p.fence + 1 where p.name = p_name and p.generation = p_generation;
  update subscription_leases l set fence = p.fence, owner = null, expires_at = '-infinity'
    from subscription_partitions p
   where l.name = p_name and l.generation = p_generation
     and p.name = l.name and p.generation = l.generation and p.partition = l.partition;
end
$$;

ALTER FUNCTION cairn.subscription_dispossess(p_name text, p_generation integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_dispossess(p_name text, p_generation integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_heartbeat(p_id text, p_label text, p_runs jsonb, p_lease_ms integer, l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_until constant timestamptz := v_now + p_lease_ms * interval '1 millisecond';
  v_renewed json;
begin
  insert into subscription_members (id, label, runs, seen_at, expires_at) values (p_id, p_label, p_runs, v_now, v_until)
  on conflict (id) do update set label = excluded.label, runs = excluded.runs, seen_at = excluded.seen_at, expires_at = excluded.expires_at;
  delete from subscription_members m using (
    select x.id from subscription_members x where x.expires_at < v_now - interval '1 minute' for update skip locked
  ) gone where m.id = gone.id;

  with held as (
    select l.name, l.generation, l.partition, x.i
      from unnest(l_name, l_generation, l_partition, l_owner, l_fence) with ordinality x(name, generation, partition, owner, fence, i)
      join subscription_leases l on l.name = x.name and l.generation = x.generation and l.partition = x.partition
                                and l.owner = x.owner and l.fence = x.fence
     order by l.name, l.generation, l.partition
       for update of l
  ), renewed as (
    update subscription_leases l set expires_at = v_until
      from held h where l.name = h.name and l.generation = h.generation and l.partition = h.partition
    returning h.i
  )
  select coalesce(json_agg(r.i order by r.i), '[]') into v_renewed from renewed r;

  return json_build_object(
    'renewed', v_renewed,
    'members', (select json_agg(json_build_array(m.id, m.label, m.runs) order by m.id) from subscription_members m where m.expires_at > v_now),
    'partitions', (
      select coalesce(json_agg(json_build_array(p.name, p.generation, p.partition, p.state,
                                                case when l.expires_at > v_now then l.owner end, s.fingerprint,
                                                exists (select from parked_events e
                                                         where e.name = p.name and e.generation = p.generation and e.partition = p.partition
                                                           and e.request is not null))
                               order by p.name, p.generation, p.partition), '[]')
        from (select distinct x -> 'key' ->> 'name' as name, (x -> 'key' ->> 'generation')::int as generation from jsonb_array_elements(p_runs) x) r
        join subscriptions s on s.name = r.name and s.generation = r.generation
        join subscription_partitions p on p.name = r.name and p.generation = r.generation
        join subscription_leases l on l.name = p.name and l.generation = p.generation and l.partition = p.partition
    )
  );
end
$$;

ALTER FUNCTION cairn.subscription_heartbeat(p_id text, p_label text, p_runs jsonb, p_lease_ms integer, l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_heartbeat(p_id text, p_label text, p_runs jsonb, p_lease_ms integer, l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_leave(p_id text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  delete from subscription_members where id = p_id
$$;

ALTER FUNCTION cairn.subscription_leave(p_id text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_leave(p_id text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_mark(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_state text, p_failure jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  update subscription_partitions p set state = p_state, failure = p_failure, updated_at = clock_timestamp()
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence
     and subscription_runs(p.state) and (p.state = p_state or subscription_may_move(p.state, p_state));
  if found then
    return 1;
  end if;
  perform from subscription_partitions p
    where p.name = p_name and p.generation = p_generation and p.partition = p_partition and p.fence = p_fence;
  return case when found then 2 else 0 end;
end
$$;

ALTER FUNCTION cairn.subscription_mark(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_state text, p_failure jsonb) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_mark(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_state text, p_failure jsonb) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_may_move(p_from text, p_to text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case p_from
    when 'new' then p_to in ('catching-up', 'live', 'paused', 'retrying', 'failed', 'detached', 'rebuilding', 'retired')
    when 'catching-up' then p_to in ('live', 'paused', 'retrying', 'failed', 'detached', 'retired')
    when 'live' then p_to in ('catching-up', 'paused', 'retrying', 'failed', 'detached', 'retired')
    when 'paused' then p_to in ('new', 'catching-up', 'rebuilding', 'detached', 'retired')
    when 'retrying' then p_to in ('catching-up', 'live', 'paused', 'failed', 'detached', 'retired', 'rebuilding')
    when 'failed' then p_to in ('catching-up', 'rebuilding', 'paused', 'detached', 'retired')
    when 'detached' then p_to in ('catching-up', 'paused', 'retired')
    when 'rebuilding' then p_to in ('catching-up', 'live', 'paused', 'failed', 'retrying', 'detached', 'retired')
    when 'retired' then p_to in ('catching-up', 'detached')
    else false
  end
$$;

ALTER FUNCTION cairn.subscription_may_move(p_from text, p_to text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_may_move(p_from text, p_to text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_register(p_name text, p_generation integer, p_kind text, p_version integer, p_fingerprint text, p_partitions integer, p_start bigint, p_state text, OUT outcome integer, OUT stored integer, OUT partitions integer, OUT status json) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '20s'
    AS $$
declare
  s subscriptions;
begin
  outcome := 1;
  insert into subscriptions (name, generation, kind, version, fingerprint)
  values (p_name, p_generation, p_kind, p_version, p_fingerprint) on conflict do nothing;
  if found then
    insert into subscription_partitions (name, generation, partition, state, checkpoint)
    select p_name, p_generation, i, p_state, p_start from generate_series(0, p_partitions - 1) i;
    insert into subscription_leases (name, generation, partition)
    select p_name, p_generation, i from generate_series(0, p_partitions - 1) i;
  else
    -- Not FOR UPDATE: that would wait for every transaction that parks an event.
    select * into s from subscriptions x where x.name = p_name and x.generation = p_generation for no key update;
    if not found then
      raise exception using errcode = '40001', message = 'the subscription was removed at this moment';
    end if;
    stored := s.version;
    select count(*) into partitions from subscription_partitions p where p.name = p_name and p.generation = p_generation;
    if s.version > p_version then
      outcome := 2;
    elsif s.version = p_version then
      if s.fingerprint <> p_fingerprint or partitions <> p_partitions then
        outcome := 3;
      end if;
    else
      -- Every commit under way ends first.
      perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
      if partitions <> p_partitions then
        if (select count(distinct p.checkpoint) from subscription_partitions p where p.name = p_name and p.generation = p_generation) > 1
           or exists (select from parked_events e where e.name = p_name and e.generation = p_generation) then
          outcome := 4;
          return;
        end if;
        insert into subscription_partitions (name, generation, partition, state, checkpoint)
        select p_name, p_generation, i, p.state, p.checkpoint
          from subscription_partitions p, generate_series(partitions, p_partitions - 1) i
         where p.name = p_name and p.generation = p_generation and p.partition = 0;
        insert into subscription_leases (name, generation, partition)
        select p_name, p_generation, i from generate_series(partitions, p_partitions - 1) i;
        delete from subscription_partitions p where p.name = p_name and p.generation = p_generation and p.partition >= p_partitions;
      end if;
      update subscriptions x set kind = p_kind, version = p_version, fingerprint = p_fingerprint
       where x.name = p_name and x.generation = p_generation;
      perform subscription_dispossess(p_name, p_generation);
    end if;
  end if;
  if outcome = 1 then
    status := subscription_status(p_name, p_generation);
  end if;
end
$$;

ALTER FUNCTION cairn.subscription_register(p_name text, p_generation integer, p_kind text, p_version integer, p_fingerprint text, p_partitions integer, p_start bigint, p_state text, OUT outcome integer, OUT stored integer, OUT partitions integer, OUT status json) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_register(p_name text, p_generation integer, p_kind text, p_version integer, p_fingerprint text, p_partitions integer, p_start bigint, p_state text, OUT outcome integer, OUT stored integer, OUT partitions integer, OUT status json) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_release(l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  with held as (
    select l.name, l.generation, l.partition
      from unnest(l_name, l_generation, l_partition, l_owner, l_fence) x(name, generation, partition, owner, fence)
      join subscription_leases l on l.name = x.name and l.generation = x.generation and l.partition = x.partition
                                and l.owner = x.owner and l.fence = x.fence
     order by l.name, l.generation, l.partition
       for update of l
  )
  update subscription_leases l set owner = null, expires_at = '-infinity'
    from held h where l.name = h.name and l.generation = h.generation and l.partition = h.partition;
end
$$;

ALTER FUNCTION cairn.subscription_release(l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_release(l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_remove(p_name text, p_generation integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '20s'
    AS $$
begin
  perform from subscriptions s where s.name = p_name and s.generation = p_generation for update;
  -- The commits under way end first.
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  delete from subscriptions s where s.name = p_name and s.generation = p_generation;
end
$$;

ALTER FUNCTION cairn.subscription_remove(p_name text, p_generation integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_remove(p_name text, p_generation integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_reset(p_name text, p_generation integer, p_position bigint, OUT known boolean, OUT refused text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    SET lock_timeout TO '20s'
    AS $$
begin
  perform from subscription_partitions p where p.name = p_name and p.generation = p_generation order by p.partition for update;
  known := found;
  select p.state into refused from subscription_partitions p
   where p.name = p_name and p.generation = p_generation and p.state <> 'paused' order by p.partition limit 1;
  if refused is null then
    perform subscription_dispossess(p_name, p_generation);
    delete from parked_events e where e.name = p_name and e.generation = p_generation;
    update subscription_partitions p set checkpoint = p_position, failure = null, updated_at = clock_timestamp()
     where p.name = p_name and p.generation = p_generation;
  end if;
end
$$;

ALTER FUNCTION cairn.subscription_reset(p_name text, p_generation integer, p_position bigint, OUT known boolean, OUT refused text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_reset(p_name text, p_generation integer, p_position bigint, OUT known boolean, OUT refused text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_runs(p_state text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select p_state in ('new', 'catching-up', 'live', 'retrying', 'rebuilding')
$$;

ALTER FUNCTION cairn.subscription_runs(p_state text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_runs(p_state text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_status(p_name text, p_generation integer) RETURNS json
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select json_agg(json_build_array(s.name, s.generation, s.kind, s.version, s.fingerprint, (extract(epoch from s.created_at) * 1000)::bigint, (
      select json_agg(json_build_array(p.partition, p.state, p.checkpoint, p.fence, case when l.expires_at > clock_timestamp() then l.owner end,
                                       p.failure, coalesce(e.parked, 0), coalesce(e.waiting, 0), (extract(epoch from p.updated_at) * 1000)::bigint)
                      order by p.partition)
        from subscription_partitions p
        join subscription_leases l using (name, generation, partition)
        left join lateral (
          select count(*) filter (where x.status = 'parked') as parked, count(*) filter (where x.status = 'waiting') as waiting
            from parked_events x where x.name = p.name and x.generation = p.generation and x.partition = p.partition
        ) e on true
       where p.name = s.name and p.generation = s.generation
    )) order by s.name, s.generation)
    from subscriptions s
   where (p_name is null or s.name = p_name) and (p_generation is null or s.generation = p_generation)
$$;

ALTER FUNCTION cairn.subscription_status(p_name text, p_generation integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_status(p_name text, p_generation integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.subscription_take(p_name text, p_generation integer, p_partition integer, p_owner text, p_fingerprint text, p_lease_ms integer, p_wait_ms integer, OUT fence bigint, OUT checkpoint bigint, OUT commits bigint, OUT state text, OUT kind text, OUT blocked json) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v subscription_partitions;
  v_kind text;
begin
  perform from subscription_leases l
    where l.name = p_name and l.generation = p_generation and l.partition = p_partition
      and (l.owner is null or l.owner = p_owner or l.expires_at <= clock_timestamp());
  if not found then
    return;
  end if;
  perform set_config('lock_timeout', p_wait_ms::text, true);
  begin
    select * into v from subscription_partitions p
     where p.name = p_name and p.generation = p_generation and p.partition = p_partition for update;
  exception when lock_not_available then
    return;
  end;
  -- Seen by a later statement than the lock: a definition is changed under the same one.
  select s.kind into v_kind from subscriptions s where s.name = p_name and s.generation = p_generation and s.fingerprint = p_fingerprint;
  if not found or subscription_runs(v.state) is not true then
    return;
  end if;
  update subscription_leases l
     set owner = p_owner, fence = v.fence + 1, expires_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
   where l.name = p_name and l.generation = p_generation and l.partition = p_partition
     and (l.owner is null or l.owner = p_owner or l.expires_at <= clock_timestamp());
  if not found then
    return;
  end if;
  update subscription_partitions p set fence = v.fence + 1
   where p.name = p_name and p.generation = p_generation and p.partition = p_partition;
  fence := v.fence + 1;
  checkpoint := v.checkpoint;
  commits := v.commits;
  state := v.state;
  kind := v_kind;
  select coalesce(json_agg(distinct e.parking_key), '[]') into blocked from parked_events e
   where e.name = p_name and e.generation = p_generation and e.partition = p_partition;
end
$$;

ALTER FUNCTION cairn.subscription_take(p_name text, p_generation integer, p_partition integer, p_owner text, p_fingerprint text, p_lease_ms integer, p_wait_ms integer, OUT fence bigint, OUT checkpoint bigint, OUT commits bigint, OUT state text, OUT kind text, OUT blocked json) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.subscription_take(p_name text, p_generation integer, p_partition integer, p_owner text, p_fingerprint text, p_lease_ms integer, p_wait_ms integer, OUT fence bigint, OUT checkpoint bigint, OUT commits bigint, OUT state text, OUT kind text, OUT blocked json) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.tenants() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
begin
  return coalesce(verify_context(nullif(current_setting('cairn.context', true), ''), current_setting('cairn.signature', true)), '{}');
end
$$;

ALTER FUNCTION cairn.tenants() OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.tenants() IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.unknown_commands(p_grace_ms bigint, p_limit integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_before constant timestamptz := clock_timestamp() - p_grace_ms * interval '1 millisecond';
  v_known constant text[] := array(select distinct t from command_workers w, unnest(w.types) t where w.expires_at > v_before);
begin
  return (select json_agg(json_build_array(u.id, u.tenant_id, coalesce(u.type, ''))) from (
            select c.id, c.tenant_id, c.type from commands c
             where c.status = 'pending' and coalesce(c.due_at, c.created_at) <= v_before and (c.type = any (v_known)) is not true
             limit p_limit) u);
end
$$;

ALTER FUNCTION cairn.unknown_commands(p_grace_ms bigint, p_limit integer) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.unknown_commands(p_grace_ms bigint, p_limit integer) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.unwatch_table(p_schema text, p_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_own constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'changes'::regclass);
begin
  execute format('drop trigger if exists %I on %I.%I', v_own || '_changes', p_schema, p_table);
end
$$;

ALTER FUNCTION cairn.unwatch_table(p_schema text, p_table text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.unwatch_table(p_schema text, p_table text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.verify_context(p_context text, p_signature text) RETURNS text[]
    LANGUAGE plpgsql STABLE
    AS $$
declare
  k record;
begin
  select s.ipad, s.opad into k from secret s;
  if encode(sha256(k.opad || sha256(k.ipad || convert_to(p_context, 'UTF8'))), 'hex') = p_signature then
    return (p_context::text[])[3:];
  end if;
  return '{}';
end
$$;

ALTER FUNCTION cairn.verify_context(p_context text, p_signature text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.verify_context(p_context text, p_signature text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.watch_table(p_schema text, p_table text, p_operations text[] DEFAULT '{INSERT,UPDATE,DELETE}'::text[], p_notify boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_own constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'changes'::regclass);
  v_kind "char";
begin
  if p_schema = v_own then
    raise exception using errcode = 'ZC020', message = format('%s.%s is a table of Cairn''s own: pumps read the log and the commands without being watched', p_schema, p_table);
  end if;
  if cardinality(p_operations) = 0 or not p_operations <@ '{INSERT,UPDATE,DELETE}' then
    raise exception using errcode = 'ZC020', message = 'operations are INSERT, UPDATE and DELETE, at least one of them';
  end if;
  select c.relkind into v_kind from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = p_schema and c.relname = p_table;
  if v_kind is null or v_kind not in ('r', 'p') then
    raise exception using errcode = 'ZC020', message = format('there is no table %s.%s', p_schema, p_table);
  end if;
  execute format('create or replace trigger %I after %s on %I.%I for each row execute function record_change(%L, %L, %L, %L)',
                 v_own || '_changes', array_to_string(p_operations, ' or '), p_schema, p_table, p_schema, p_table,
                 case when p_notify then 'notify' else '' end, v_own || '_hint');
end
$$;

ALTER FUNCTION cairn.watch_table(p_schema text, p_table text, p_operations text[], p_notify boolean) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.watch_table(p_schema text, p_table text, p_operations text[], p_notify boolean) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.watched_operations(p_schema text, p_table text) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  select coalesce(array_agg(o.operation), '{}')
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    join (values ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16)) o(operation, bit) on t.tgtype & o.bit <> 0
   where n.nspname = p_schema and c.relname = p_table and t.tgfoid = 'record_change'::regproc and t.tgenabled in ('O', 'A')
$$;

ALTER FUNCTION cairn.watched_operations(p_schema text, p_table text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.watched_operations(p_schema text, p_table text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.worker_beat(p_id text, p_label text, p_types text[], p_lease_ms integer, p_unowned_ms bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_given int;
begin
  insert into command_workers (id, label, types, seen_at, expires_at)
  values (p_id, p_label, p_types, v_now, v_now + p_lease_ms * interval '1 millisecond')
  on conflict (id) do update set label = excluded.label, types = excluded.types, seen_at = excluded.seen_at, expires_at = excluded.expires_at;
  -- Kept for a day: what types they knew counts until the grace of those types is over.
  delete from command_workers w using (
    select d.id from command_workers d where d.expires_at < v_now - interval '1 day' for update skip locked
  ) dead where w.id = dead.id;
  with found as (
    select c.tenant_id, c.id from commands c
     where (c.status = 'consumed' or c.retry_at is not null) and c.status = 'consumed'
       and case when c.owner = 'elsewhere' then false
                when c.owner is null then c.updated_at < v_now - p_unowned_ms * interval '1 millisecond'
                else not exists (select from command_workers w where w.id = c.owner and w.expires_at > v_now) end
     order by c.tenant_id, c.id for update skip locked
  )
  update commands c set status = 'pending', owner = null, updated_at = v_now
    from found where c.tenant_id = found.tenant_id and c.id = found.id;
  get diagnostics v_given = row_count;
  return v_given;
end
$$;

ALTER FUNCTION cairn.worker_beat(p_id text, p_label text, p_types text[], p_lease_ms integer, p_unowned_ms bigint) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.worker_beat(p_id text, p_label text, p_types text[], p_lease_ms integer, p_unowned_ms bigint) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE FUNCTION cairn.worker_leave(p_id text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'cairn', 'pg_temp'
    AS $$
  update command_workers w set expires_at = clock_timestamp() where w.id = p_id and w.expires_at > clock_timestamp()
$$;

ALTER FUNCTION cairn.worker_leave(p_id text) OWNER TO cairn_owner;

COMMENT ON FUNCTION cairn.worker_leave(p_id text) IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.applied_files (
    only_row boolean DEFAULT true NOT NULL,
    hash text NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    CONSTRAINT applied_files_only_row_check CHECK (only_row)
);

ALTER TABLE cairn.applied_files OWNER TO cairn_owner;

CREATE SEQUENCE cairn.change_positions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE cairn.change_positions OWNER TO cairn_owner;

CREATE TABLE cairn.changes (
    change_id bigint NOT NULL,
    operation text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    tenant_id text,
    new_row jsonb,
    old_row jsonb,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT changes_operation_check CHECK ((operation = ANY (ARRAY['INSERT'::text, 'UPDATE'::text, 'DELETE'::text])))
);
ALTER TABLE ONLY cairn.changes ALTER COLUMN operation SET STATISTICS 0;
ALTER TABLE ONLY cairn.changes ALTER COLUMN schema_name SET STATISTICS 0;
ALTER TABLE ONLY cairn.changes ALTER COLUMN table_name SET STATISTICS 0;
ALTER TABLE ONLY cairn.changes ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.changes ALTER COLUMN new_row SET STATISTICS 0;
ALTER TABLE ONLY cairn.changes ALTER COLUMN old_row SET STATISTICS 0;

ALTER TABLE cairn.changes OWNER TO cairn_owner;

CREATE TABLE cairn.command_workers (
    id text NOT NULL,
    label text NOT NULL,
    types text[] NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE cairn.command_workers OWNER TO cairn_owner;

CREATE VIEW cairn.domain_events WITH (security_invoker='true') AS
 SELECT id,
    type AS event_type,
    split_part(type, '.'::text, 1) AS domain,
    aggregate_id,
    aggregate_type,
    payload,
    metadata,
    recorded_at AS occurred_at,
    tenant_id,
    version,
    "position"
   FROM cairn.events e;

ALTER TABLE cairn.domain_events OWNER TO cairn_owner;

COMMENT ON VIEW cairn.domain_events IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE SEQUENCE cairn.event_positions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE cairn.event_positions OWNER TO cairn_owner;

CREATE VIEW cairn.event_store WITH (security_invoker='true') AS
 SELECT id,
    type AS event_type,
    tenant_id,
    payload,
    recorded_at AS "timestamp",
    recorded_at AS created_at,
    "position" AS sequence_number,
    job_id,
    workflow_id
   FROM cairn.events e;

ALTER TABLE cairn.event_store OWNER TO cairn_owner;

COMMENT ON VIEW cairn.event_store IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.generations (
    projection text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    fingerprint text NOT NULL,
    state text NOT NULL,
    inline boolean NOT NULL,
    partitions integer NOT NULL,
    side_tenant text,
    types text[],
    tables jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    switched_at timestamp with time zone,
    CONSTRAINT generations_state_check CHECK ((state = ANY (ARRAY['building'::text, 'live'::text, 'previous'::text, 'retired'::text])))
);

ALTER TABLE cairn.generations OWNER TO cairn_owner;

CREATE TABLE cairn.log_identity (
    only_row boolean DEFAULT true NOT NULL,
    id uuid NOT NULL,
    CONSTRAINT log_identity_only_row_check CHECK (only_row)
);

ALTER TABLE cairn.log_identity OWNER TO cairn_owner;

CREATE TABLE cairn.migrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);

ALTER TABLE cairn.migrations OWNER TO cairn_owner;

CREATE SEQUENCE cairn.migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE cairn.migrations_id_seq OWNER TO cairn_owner;

ALTER SEQUENCE cairn.migrations_id_seq OWNED BY cairn.migrations.id;

CREATE TABLE cairn.parked_events (
    name text NOT NULL,
    generation integer NOT NULL,
    partition integer NOT NULL,
    "position" bigint NOT NULL,
    parking_key text NOT NULL,
    event_id uuid NOT NULL,
    tenant_id text NOT NULL,
    type text NOT NULL,
    status text NOT NULL,
    request text,
    failure jsonb,
    parked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT parked_events_request_check CHECK ((request = ANY (ARRAY['retry'::text, 'discard'::text]))),
    CONSTRAINT parked_events_status_check CHECK ((status = ANY (ARRAY['parked'::text, 'waiting'::text])))
);
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN parking_key SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN event_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN status SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN request SET STATISTICS 0;
ALTER TABLE ONLY cairn.parked_events ALTER COLUMN failure SET STATISTICS 0;

ALTER TABLE cairn.parked_events OWNER TO cairn_owner;

CREATE VIEW cairn.process_instances_waiting WITH (security_invoker='true') AS
 SELECT i.process_manager,
    i.tenant_id,
    i.instance_id,
    i.updated_at AS waiting_since,
    (now() - i.updated_at) AS waiting,
    i.waiting_for,
    t.timer AS next_timer,
    t.due_at AS next_timer_due_at,
    i.state,
    i.steps,
    i.started_at
   FROM (cairn.process_instances i
     LEFT JOIN LATERAL ( SELECT key AS timer,
            ((value ->> 'dueAt'::text))::timestamp with time zone AS due_at
           FROM jsonb_each(i.timers) e(key, value)
          ORDER BY ((value ->> 'dueAt'::text))::timestamp with time zone
         LIMIT 1) t ON (true))
  WHERE (i.status = 'running'::text);

ALTER TABLE cairn.process_instances_waiting OWNER TO cairn_owner;

COMMENT ON VIEW cairn.process_instances_waiting IS 'Made by Cairn’s migration, which replaces and removes it.';

CREATE TABLE cairn.projections (
    name text NOT NULL,
    last_generation integer DEFAULT 0 NOT NULL
);

ALTER TABLE cairn.projections OWNER TO cairn_owner;

CREATE TABLE cairn.read_access_log (
    projection text NOT NULL,
    generation integer NOT NULL,
    table_name text NOT NULL,
    code_hash text NOT NULL,
    catalog_hash text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    id bigint NOT NULL
);

ALTER TABLE cairn.read_access_log OWNER TO cairn_owner;

ALTER TABLE cairn.read_access_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cairn.read_access_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cairn.reservations (
    tenant_id text NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    reserved_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY cairn.reservations ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.reservations ALTER COLUMN scope SET STATISTICS 0;
ALTER TABLE ONLY cairn.reservations ALTER COLUMN key SET STATISTICS 0;

ALTER TABLE cairn.reservations OWNER TO cairn_owner;

CREATE TABLE cairn.secret (
    only_row boolean DEFAULT true NOT NULL,
    key bytea NOT NULL,
    ipad bytea NOT NULL,
    opad bytea NOT NULL,
    CONSTRAINT secret_only_row_check CHECK (only_row)
);

ALTER TABLE cairn.secret OWNER TO cairn_owner;

CREATE TABLE cairn.snapshots (
    stream_id bigint NOT NULL,
    tenant_id text NOT NULL,
    version bigint NOT NULL,
    schema_version integer NOT NULL,
    state jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY cairn.snapshots ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.snapshots ALTER COLUMN state SET STATISTICS 0;

ALTER TABLE cairn.snapshots OWNER TO cairn_owner;

CREATE SEQUENCE cairn.stream_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE cairn.stream_ids OWNER TO cairn_owner;

CREATE TABLE cairn.streams (
    stream_id bigint NOT NULL,
    tenant_id text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL,
    closed_at timestamp with time zone
)
WITH (fillfactor='85');
ALTER TABLE ONLY cairn.streams ALTER COLUMN tenant_id SET STATISTICS 0;
ALTER TABLE ONLY cairn.streams ALTER COLUMN aggregate_type SET STATISTICS 0;
ALTER TABLE ONLY cairn.streams ALTER COLUMN aggregate_id SET STATISTICS 0;

ALTER TABLE cairn.streams OWNER TO cairn_owner;

CREATE TABLE cairn.subscription_leases (
    name text NOT NULL,
    generation integer NOT NULL,
    partition integer NOT NULL,
    owner text,
    fence bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE cairn.subscription_leases OWNER TO cairn_owner;

CREATE TABLE cairn.subscription_members (
    id text NOT NULL,
    label text NOT NULL,
    runs jsonb NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE cairn.subscription_members OWNER TO cairn_owner;

CREATE TABLE cairn.subscription_partitions (
    name text NOT NULL,
    generation integer NOT NULL,
    partition integer NOT NULL,
    state text NOT NULL,
    checkpoint bigint NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    commits bigint DEFAULT 0 NOT NULL,
    failure jsonb,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscription_partitions_state_check CHECK ((state = ANY (ARRAY['new'::text, 'catching-up'::text, 'live'::text, 'paused'::text, 'retrying'::text, 'failed'::text, 'detached'::text, 'rebuilding'::text, 'retired'::text])))
)
WITH (fillfactor='50');

ALTER TABLE cairn.subscription_partitions OWNER TO cairn_owner;

CREATE TABLE cairn.subscriptions (
    name text NOT NULL,
    generation integer NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscriptions_kind_check CHECK ((kind = ANY (ARRAY['subscription'::text, 'projection'::text, 'process-manager'::text, 'pump'::text])))
);

ALTER TABLE cairn.subscriptions OWNER TO cairn_owner;

ALTER TABLE ONLY cairn.migrations ALTER COLUMN id SET DEFAULT nextval('cairn.migrations_id_seq'::regclass);

ALTER TABLE ONLY cairn.applied_files
    ADD CONSTRAINT applied_files_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY cairn.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);

ALTER TABLE ONLY cairn.command_workers
    ADD CONSTRAINT command_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cairn.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY cairn.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY cairn.events
    ADD CONSTRAINT events_stream_version UNIQUE (stream_id, version);

ALTER TABLE ONLY cairn.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (projection, generation);

ALTER TABLE ONLY cairn.log_identity
    ADD CONSTRAINT log_identity_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY cairn.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cairn.parked_events
    ADD CONSTRAINT parked_events_pkey PRIMARY KEY (name, generation, partition, "position");

ALTER TABLE ONLY cairn.process_instances
    ADD CONSTRAINT process_instances_pkey PRIMARY KEY (process_manager, tenant_id, instance_id);

ALTER TABLE ONLY cairn.projections
    ADD CONSTRAINT projections_pkey PRIMARY KEY (name);

ALTER TABLE ONLY cairn.read_access_log
    ADD CONSTRAINT read_access_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cairn.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (tenant_id, scope, key);

ALTER TABLE ONLY cairn.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY cairn.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY cairn.streams
    ADD CONSTRAINT streams_key UNIQUE (tenant_id, aggregate_type, aggregate_id);

ALTER TABLE ONLY cairn.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

ALTER TABLE ONLY cairn.subscription_leases
    ADD CONSTRAINT subscription_leases_pkey PRIMARY KEY (name, generation, partition);

ALTER TABLE ONLY cairn.subscription_members
    ADD CONSTRAINT subscription_members_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cairn.subscription_partitions
    ADD CONSTRAINT subscription_partitions_pkey PRIMARY KEY (name, generation, partition);

ALTER TABLE ONLY cairn.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (name, generation);

CREATE INDEX changes_recorded_at ON cairn.changes USING brin (recorded_at);

CREATE INDEX commands_created_at ON cairn.commands USING brin (created_at);

CREATE INDEX commands_due ON cairn.commands USING btree (COALESCE(due_at, created_at), seq, id) WHERE ((status = 'pending'::text) AND (hash IS NOT NULL));

CREATE INDEX commands_holding ON cairn.commands USING btree (tenant_id, aggregate_type, aggregate_id) WHERE ((status = 'consumed'::text) OR (retry_at IS NOT NULL));

CREATE INDEX commands_raw ON cairn.commands USING btree (COALESCE(due_at, created_at), id) WHERE ((status = 'pending'::text) AND (hash IS NULL));

CREATE INDEX commands_waiting ON cairn.commands USING btree (tenant_id, COALESCE(due_at, created_at), seq) WHERE (status = 'pending'::text);

CREATE UNIQUE INDEX generations_live ON cairn.generations USING btree (projection) WHERE (state = 'live'::text);

CREATE UNIQUE INDEX generations_previous ON cairn.generations USING btree (projection) WHERE (state = 'previous'::text);

CREATE INDEX parked_events_requested ON cairn.parked_events USING btree (name, generation, partition) WHERE (request IS NOT NULL);

CREATE INDEX process_instances_quiet ON cairn.process_instances USING btree (updated_at) WHERE (status = 'running'::text);

CREATE INDEX read_access_log_table ON cairn.read_access_log USING btree (table_name, id);

CREATE TRIGGER events_no_change BEFORE DELETE OR UPDATE ON cairn.events FOR EACH STATEMENT EXECUTE FUNCTION cairn.refuse_change();

CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON cairn.events FOR EACH STATEMENT EXECUTE FUNCTION cairn.refuse_change();

ALTER TABLE ONLY cairn.generations
    ADD CONSTRAINT generations_projection_fkey FOREIGN KEY (projection) REFERENCES cairn.projections(name);

ALTER TABLE ONLY cairn.parked_events
    ADD CONSTRAINT parked_events_name_generation_fkey FOREIGN KEY (name, generation) REFERENCES cairn.subscriptions(name, generation) ON DELETE CASCADE;

ALTER TABLE ONLY cairn.subscription_leases
    ADD CONSTRAINT subscription_leases_name_generation_partition_fkey FOREIGN KEY (name, generation, partition) REFERENCES cairn.subscription_partitions(name, generation, partition) ON DELETE CASCADE;

ALTER TABLE ONLY cairn.subscription_partitions
    ADD CONSTRAINT subscription_partitions_name_generation_fkey FOREIGN KEY (name, generation) REFERENCES cairn.subscriptions(name, generation) ON DELETE CASCADE;

CREATE POLICY app_reads_its_tenants ON cairn.commands FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.events FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.parked_events FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.process_instances FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.reservations FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.snapshots FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

CREATE POLICY app_reads_its_tenants ON cairn.streams FOR SELECT TO cairn_app USING ((tenant_id = ANY (( SELECT cairn.tenants() AS tenants)::text[])));

ALTER TABLE cairn.changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.commands ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.parked_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.process_instances ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.snapshots ENABLE ROW LEVEL SECURITY;

ALTER TABLE cairn.streams ENABLE ROW LEVEL SECURITY;

CREATE POLICY whoever_may_insert ON cairn.commands FOR INSERT WITH CHECK (((status = 'pending'::text) AND (hash IS NULL) AND (version IS NULL) AND (stream_id IS NULL) AND ("position" IS NULL) AND (first_version IS NULL) AND (owner IS NULL) AND (retry_at IS NULL) AND (attempts = 0) AND (result IS NULL) AND (error IS NULL) AND (type IS NOT NULL) AND (LEAST(created_at, due_at, updated_at) >= to_timestamp((0)::double precision)) AND (GREATEST(created_at, due_at, updated_at) < to_timestamp(('253402300800'::bigint)::double precision)) AND ((seq >= 0) AND (seq <= '9007199254740991'::bigint))));

CREATE POLICY worker_reads_all ON cairn.changes FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.commands FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.events FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.parked_events FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.process_instances FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.reservations FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.snapshots FOR SELECT TO cairn_worker USING (true);

CREATE POLICY worker_reads_all ON cairn.streams FOR SELECT TO cairn_worker USING (true);

GRANT USAGE ON SCHEMA cairn TO cairn_app;
GRANT USAGE ON SCHEMA cairn TO cairn_worker;
GRANT USAGE ON SCHEMA cairn TO cairn_maintenance;

REVOKE ALL ON FUNCTION cairn.admit_commands(p_commands jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.admit_commands(p_commands jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.append_many(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_expected bigint[], p_count integer[], p_careful boolean, r_append integer[], r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_last integer[], r_audit jsonb[], e_append integer[], e_ordinal integer[], e_id uuid[], e_type text[], e_payload text, e_metadata integer[], p_metadata text, s_append integer[], s_version bigint[], s_schema integer[], s_state jsonb[], OUT outcome json, OUT version json, OUT positions json, OUT recorded_at bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.append_many(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_expected bigint[], p_count integer[], p_careful boolean, r_append integer[], r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_last integer[], r_audit jsonb[], e_append integer[], e_ordinal integer[], e_id uuid[], e_type text[], e_payload text, e_metadata integer[], p_metadata text, s_append integer[], s_version bigint[], s_schema integer[], s_state jsonb[], OUT outcome json, OUT version json, OUT positions json, OUT recorded_at bigint) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.append_one(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms integer, r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_audit jsonb[], e_id uuid[], e_type text[], e_payload text, e_metadata text, s_version bigint, s_schema integer, s_state jsonb, OUT outcome integer, OUT version bigint, OUT positions json, OUT recorded_at bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.append_one(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms integer, r_id uuid[], r_hash bytea[], r_offset integer[], r_count integer[], r_audit jsonb[], e_id uuid[], e_type text[], e_payload text, e_metadata text, s_version bigint, s_schema integer, s_state jsonb, OUT outcome integer, OUT version bigint, OUT positions json, OUT recorded_at bigint) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.assert_log_order() FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.change_head(OUT horizon bigint, OUT newest bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.change_head(OUT horizon bigint, OUT newest bigint) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.change_horizon() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.change_horizon() TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.change_matches(p_row jsonb, p_column text, p_operator text, p_values text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.change_position_at(p_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.change_position_at(p_time timestamp with time zone) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.claim_due_commands(p_worker text, p_types text[], p_limit integer, OUT commands json, OUT raw boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.claim_due_commands(p_worker text, p_types text[], p_limit integer, OUT commands json, OUT raw boolean) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.close_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, OUT outcome integer, OUT version bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.close_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, OUT outcome integer, OUT version bigint) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.command_claim(p_context text, p_signature text, p_tenant text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_claim(p_context text, p_signature text, p_tenant text, p_limit integer) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.command_hand_over(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_hand_over(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb) TO cairn_app;

GRANT SELECT ON TABLE cairn.commands TO cairn_app;
GRANT SELECT ON TABLE cairn.commands TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.command_json(c cairn.commands) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.command_mark(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, OUT moved boolean, OUT command json) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_mark(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, OUT moved boolean, OUT command json) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.command_query(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text, p_after uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_query(p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text, p_after uuid, p_limit integer) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.command_upsert(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb, p_due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.command_upsert(p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text, p_payload jsonb, p_metadata jsonb, p_due_at timestamp with time zone) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.context_role() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.context_role() TO cairn_app;
GRANT ALL ON FUNCTION cairn.context_role() TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.context_user() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.context_user() TO cairn_app;
GRANT ALL ON FUNCTION cairn.context_user() TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.count_events(p_context text, p_signature text, p_tenant text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.count_events(p_context text, p_signature text, p_tenant text) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.count_existing(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.count_existing(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[]) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.count_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.enqueue_commands(p_commands jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.enqueue_commands(p_commands jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.enter_context(p_context text, p_signature text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.enter_context(p_context text, p_signature text) TO cairn_app;

GRANT SELECT ON TABLE cairn.events TO cairn_app;
GRANT SELECT ON TABLE cairn.events TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.event_json(e cairn.events) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.give_back_orphans(p_owner text, p_jobs_schema text, p_queue text, p_grace_ms bigint) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.grant_read_models(p_projection text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.handed_commands(p_owner text, p_ids jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.handed_commands(p_owner text, p_ids jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.hold_change_horizon() FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.hold_horizon() FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.horizon() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.horizon() TO cairn_worker;
GRANT ALL ON FUNCTION cairn.horizon() TO cairn_app;

REVOKE ALL ON FUNCTION cairn.list_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone, a_manager text, a_tenant text, a_instance text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.list_process_instances(p_tenant text, p_manager text, p_status text, p_quiet_since timestamp with time zone, a_manager text, a_tenant text, a_instance text, p_limit integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.load_process_instances(k_manager text[], k_tenant text[], k_instance text[]) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.load_streams(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_after bigint[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.load_streams(p_context text, p_signature text, p_tenant integer[], p_type text[], p_id text[], p_after bigint[], p_limit integer) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.lock_process_instance(p_manager text, p_tenant text, p_instance text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.lock_process_instance(p_manager text, p_tenant text, p_instance text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.log_head(OUT horizon bigint, OUT newest bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.log_head(OUT horizon bigint, OUT newest bigint) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.log_id() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.log_id() TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.parked_list(p_name text, p_generation integer, p_partition integer, p_parking_key text, p_requested boolean, p_after bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.parked_list(p_name text, p_generation integer, p_partition integer, p_parking_key text, p_requested boolean, p_after bigint, p_limit integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.parked_request(p_name text, p_generation integer, p_what text, p_positions bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.parked_request(p_name text, p_generation integer, p_what text, p_positions bigint[]) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.pending_commands(p_at timestamp with time zone, p_seq bigint, p_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.pending_commands(p_at timestamp with time zone, p_seq bigint, p_id uuid, p_limit integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.position_at(p_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.position_at(p_time timestamp with time zone) TO cairn_worker;

GRANT SELECT ON TABLE cairn.process_instances TO cairn_app;
GRANT SELECT ON TABLE cairn.process_instances TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.process_instance_json(i cairn.process_instances) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.query_events(p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text, p_workflow text, p_user text, p_project text, p_from timestamp with time zone, p_to timestamp with time zone, p_cursor bigint, p_newest_first boolean, p_limit integer, OUT events text, OUT more boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.query_events(p_context text, p_signature text, p_tenant text, p_types text[], p_aggregate_type text, p_aggregate_id text, p_correlation text, p_workflow text, p_user text, p_project text, p_from timestamp with time zone, p_to timestamp with time zone, p_cursor bigint, p_newest_first boolean, p_limit integer, OUT events text, OUT more boolean) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.raw_commands(p_types text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.raw_commands(p_types text[], p_limit integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.read_changes(p_after bigint, p_up_to bigint, p_limit integer, p_schema text, p_table text, p_operations text[], p_column text, p_operator text, p_values text[], p_window bigint, OUT horizon bigint, OUT next bigint, OUT changes text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_changes(p_after bigint, p_up_to bigint, p_limit integer, p_schema text, p_table text, p_operations text[], p_column text, p_operator text, p_values text[], p_window bigint, OUT horizon bigint, OUT next bigint, OUT changes text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.read_log(p_after bigint, p_limit integer, p_types text[], p_tenant text, OUT horizon bigint, OUT events text, OUT next bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_log(p_after bigint, p_limit integer, p_types text[], p_tenant text, OUT horizon bigint, OUT events text, OUT next bigint) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.read_log_page(p_after bigint, p_up_to bigint, p_limit integer, p_types text[], p_tenant text, p_window bigint, p_unread boolean, OUT horizon bigint, OUT next bigint, OUT positions text, OUT versions text, OUT ids text, OUT tenants text, OUT aggregate_types text, OUT aggregate_ids text, OUT types text, OUT times text, OUT payloads text, OUT metadata text, OUT schemas text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_log_page(p_after bigint, p_up_to bigint, p_limit integer, p_types text[], p_tenant text, p_window bigint, p_unread boolean, OUT horizon bigint, OUT next bigint, OUT positions text, OUT versions text, OUT ids text, OUT tenants text, OUT aggregate_types text, OUT aggregate_ids text, OUT types text, OUT times text, OUT payloads text, OUT metadata text, OUT schemas text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_rows(p_context text, p_signature text, p_query text, p_values text[], p_page boolean) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.read_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamp with time zone, p_limit integer, OUT events text, OUT more boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_stream(p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamp with time zone, p_limit integer, OUT events text, OUT more boolean) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.read_tenant_log(p_context text, p_signature text, p_tenant text, p_after bigint, p_limit integer, p_types text[], OUT horizon bigint, OUT events text, OUT next bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.read_tenant_log(p_context text, p_signature text, p_tenant text, p_after bigint, p_limit integer, p_types text[], OUT horizon bigint, OUT events text, OUT next bigint) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.receipt_result(c cairn.commands, p_aggregate_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.record_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.refuse_commands(p_commands jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.refuse_commands(p_commands jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.remove_changes(p_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.remove_changes(p_before timestamp with time zone, p_limit integer) TO cairn_maintenance;

REVOKE ALL ON FUNCTION cairn.remove_finished_commands(p_before timestamp with time zone, p_limit integer, p_failed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.remove_finished_commands(p_before timestamp with time zone, p_limit integer, p_failed boolean) TO cairn_maintenance;

REVOKE ALL ON FUNCTION cairn.remove_receipts(p_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.remove_receipts(p_before timestamp with time zone, p_limit integer) TO cairn_maintenance;

REVOKE ALL ON FUNCTION cairn.reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[]) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.save_process_instances(p_instances jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.save_process_instances(p_instances jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) TO cairn_worker;
GRANT ALL ON FUNCTION cairn.sequence_state(OUT cache text, OUT behind boolean) TO cairn_app;

REVOKE ALL ON FUNCTION cairn.settle_commands(p_worker text, p_outcomes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.settle_commands(p_worker text, p_outcomes jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_commit(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_commit(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_commits bigint, p_checkpoint bigint, p_park jsonb, p_unpark bigint[]) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_commits(p_name text, p_generation integer, p_partition integer, OUT fence bigint, OUT commits bigint, OUT kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_commits(p_name text, p_generation integer, p_partition integer, OUT fence bigint, OUT commits bigint, OUT kind text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_control(p_name text, p_generation integer, p_state text, OUT known boolean, OUT refused text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_control(p_name text, p_generation integer, p_state text, OUT known boolean, OUT refused text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_dispossess(p_name text, p_generation integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.subscription_heartbeat(p_id text, p_label text, p_runs jsonb, p_lease_ms integer, l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_heartbeat(p_id text, p_label text, p_runs jsonb, p_lease_ms integer, l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_leave(p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_leave(p_id text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_mark(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_state text, p_failure jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_mark(p_name text, p_generation integer, p_partition integer, p_fence bigint, p_state text, p_failure jsonb) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_may_move(p_from text, p_to text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.subscription_register(p_name text, p_generation integer, p_kind text, p_version integer, p_fingerprint text, p_partitions integer, p_start bigint, p_state text, OUT outcome integer, OUT stored integer, OUT partitions integer, OUT status json) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_register(p_name text, p_generation integer, p_kind text, p_version integer, p_fingerprint text, p_partitions integer, p_start bigint, p_state text, OUT outcome integer, OUT stored integer, OUT partitions integer, OUT status json) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_release(l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_release(l_name text[], l_generation integer[], l_partition integer[], l_owner text[], l_fence bigint[]) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_remove(p_name text, p_generation integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_remove(p_name text, p_generation integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_reset(p_name text, p_generation integer, p_position bigint, OUT known boolean, OUT refused text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_reset(p_name text, p_generation integer, p_position bigint, OUT known boolean, OUT refused text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_runs(p_state text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.subscription_status(p_name text, p_generation integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_status(p_name text, p_generation integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.subscription_take(p_name text, p_generation integer, p_partition integer, p_owner text, p_fingerprint text, p_lease_ms integer, p_wait_ms integer, OUT fence bigint, OUT checkpoint bigint, OUT commits bigint, OUT state text, OUT kind text, OUT blocked json) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.subscription_take(p_name text, p_generation integer, p_partition integer, p_owner text, p_fingerprint text, p_lease_ms integer, p_wait_ms integer, OUT fence bigint, OUT checkpoint bigint, OUT commits bigint, OUT state text, OUT kind text, OUT blocked json) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.tenants() FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.tenants() TO cairn_app;
GRANT ALL ON FUNCTION cairn.tenants() TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.unknown_commands(p_grace_ms bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.unknown_commands(p_grace_ms bigint, p_limit integer) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.unwatch_table(p_schema text, p_table text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.verify_context(p_context text, p_signature text) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.watch_table(p_schema text, p_table text, p_operations text[], p_notify boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION cairn.watched_operations(p_schema text, p_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.watched_operations(p_schema text, p_table text) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.worker_beat(p_id text, p_label text, p_types text[], p_lease_ms integer, p_unowned_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.worker_beat(p_id text, p_label text, p_types text[], p_lease_ms integer, p_unowned_ms bigint) TO cairn_worker;

REVOKE ALL ON FUNCTION cairn.worker_leave(p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION cairn.worker_leave(p_id text) TO cairn_worker;

GRANT SELECT ON TABLE cairn.applied_files TO cairn_app;
GRANT SELECT ON TABLE cairn.applied_files TO cairn_worker;
GRANT SELECT ON TABLE cairn.applied_files TO cairn_maintenance;

GRANT SELECT ON TABLE cairn.changes TO cairn_worker;

GRANT SELECT ON TABLE cairn.command_workers TO cairn_worker;

GRANT SELECT ON TABLE cairn.domain_events TO cairn_app;
GRANT SELECT ON TABLE cairn.domain_events TO cairn_worker;

GRANT SELECT ON TABLE cairn.event_store TO cairn_app;
GRANT SELECT ON TABLE cairn.event_store TO cairn_worker;

GRANT SELECT ON TABLE cairn.generations TO cairn_worker;

GRANT SELECT(projection) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(generation) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(version) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(fingerprint) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(state) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(inline) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(partitions) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(types) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(tables) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(created_at) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT(switched_at) ON TABLE cairn.generations TO cairn_app;

GRANT SELECT ON TABLE cairn.log_identity TO cairn_worker;

GRANT SELECT ON TABLE cairn.migrations TO cairn_app;
GRANT SELECT ON TABLE cairn.migrations TO cairn_worker;
GRANT SELECT ON TABLE cairn.migrations TO cairn_maintenance;

GRANT SELECT ON TABLE cairn.parked_events TO cairn_worker;
GRANT SELECT ON TABLE cairn.parked_events TO cairn_app;

GRANT SELECT ON TABLE cairn.process_instances_waiting TO cairn_app;
GRANT SELECT ON TABLE cairn.process_instances_waiting TO cairn_worker;

GRANT SELECT ON TABLE cairn.reservations TO cairn_app;
GRANT SELECT ON TABLE cairn.reservations TO cairn_worker;

GRANT SELECT ON TABLE cairn.snapshots TO cairn_app;
GRANT SELECT ON TABLE cairn.snapshots TO cairn_worker;

GRANT SELECT ON TABLE cairn.streams TO cairn_app;
GRANT SELECT ON TABLE cairn.streams TO cairn_worker;

GRANT SELECT ON TABLE cairn.subscription_leases TO cairn_worker;

GRANT SELECT ON TABLE cairn.subscription_members TO cairn_worker;

GRANT SELECT ON TABLE cairn.subscription_partitions TO cairn_worker;

GRANT SELECT(name) ON TABLE cairn.subscription_partitions TO cairn_app;

GRANT SELECT(generation) ON TABLE cairn.subscription_partitions TO cairn_app;

GRANT SELECT(partition) ON TABLE cairn.subscription_partitions TO cairn_app;

GRANT SELECT(state) ON TABLE cairn.subscription_partitions TO cairn_app;

GRANT SELECT(checkpoint) ON TABLE cairn.subscription_partitions TO cairn_app;

GRANT SELECT ON TABLE cairn.subscriptions TO cairn_worker;
GRANT SELECT ON TABLE cairn.subscriptions TO cairn_app;
