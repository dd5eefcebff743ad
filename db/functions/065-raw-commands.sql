-- Rows that a client wrote with SQL alone: target, hash and metadata are for a worker to settle, who knows the types.

-- [[id, tenant, type, aggregate type, aggregate id, payload, metadata], …], in the order in which they were stored.
create or replace function raw_commands(p_types text[], p_limit int) returns json
language sql stable security definer
set search_path from current
as $$
  select json_agg(json_build_array(r.id, r.tenant_id, r.type, r.aggregate_type, r.aggregate_id, r.payload, r.metadata)
                  order by r.at, r.seq, r.place)
    from (select c.*, coalesce(c.due_at, c.created_at) as at, c.ctid as place from commands c
           where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= clock_timestamp() and c.type = any (p_types)
           order by coalesce(c.due_at, c.created_at), c.seq, c.ctid limit p_limit) r
$$;

-- [[tenant, id, hash, aggregate type, aggregate id, payload, metadata], …]
create or replace function admit_commands(p_commands jsonb) returns void
language plpgsql volatile security definer
set search_path from current
as $$
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

-- [[tenant, id, error], …] Ends as failed what cannot be carried out, unless somebody has it, or its effect is in the log.
create or replace function refuse_commands(p_commands jsonb) returns void
language plpgsql volatile security definer
set search_path from current
as $$
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

-- [[id, tenant, type (empty where it has none)], …]: due for longer than p_grace_ms, of types that no worker knows who lives, or lived so short ago.
create or replace function unknown_commands(p_grace_ms bigint, p_limit int) returns json
language plpgsql stable security definer
set search_path from current
as $$
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
