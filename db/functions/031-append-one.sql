-- Appends to one stream: the same rules as append_many, in scalar statements, which PostgreSQL runs faster for a lone append.
-- p_wait_ms: 0 = answer busy at once when somebody holds the stream; otherwise wait for it so long (55P03 after that).
-- e_payload, e_metadata: JSON texts, joined as in append_many; a single metadata counts for all events.
create or replace function append_one(
  p_context text, p_signature text,
  p_tenant text, p_type text, p_id text, p_expected bigint, p_wait_ms int,
  r_id uuid[], r_hash bytea[], r_offset int[], r_count int[], r_audit jsonb[],
  e_id uuid[], e_type text[], e_payload text, e_metadata text,
  s_version bigint, s_schema int, s_state jsonb,
  out outcome int, out version bigint, out positions json, out recorded_at bigint
)
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
set lock_timeout = '50ms'
as $$
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
