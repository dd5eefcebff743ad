-- Commands as rows with a status. The moves a status may make stand in core (commandStatusMoves) and here, and a test compares them.
-- A row that a client wrote may lack a type, or hold times that no Date can, infinite ones among them: they are told as the nearest
-- that one can (8.64e15 milliseconds). A row that cannot be told would stop every page and every claim that it is in.
create or replace function command_json(c commands) returns json
language sql stable
as $$
  select json_build_array(c.id, c.tenant_id, coalesce(c.type, ''), c.aggregate_type, c.aggregate_id, c.payload, c.metadata, c.status,
                          c.attempts, c.result, c.error,
                          greatest(least(extract(epoch from c.created_at) * 1000, 8.64e15), -8.64e15)::bigint,
                          greatest(least(extract(epoch from coalesce(c.updated_at, c.created_at)) * 1000, 8.64e15), -8.64e15)::bigint,
                          encode(c.hash, 'hex'),
                          case when c.due_at is not null then
                            greatest(least(extract(epoch from c.due_at) * 1000, 8.64e15), -8.64e15)::bigint end)
$$;

-- Stores a command as pending, or returns the row of its id as it is; the caller compares the hash.
create or replace function command_upsert(
  p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text,
  p_payload jsonb, p_metadata jsonb, p_due_at timestamptz
) returns json
language plpgsql volatile security definer
set search_path from current
as $$
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

create or replace function command_claim(p_context text, p_signature text, p_tenant text, p_limit int) returns json
language plpgsql volatile security definer
set search_path from current
as $$
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

-- Moves a command to another status. Returns null when it is not stored, and its row as it is when the move is not allowed;
-- `moved` tells which.
create or replace function command_mark(
  p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_result jsonb, p_error jsonb, out moved boolean, out command json
)
language plpgsql volatile security definer
set search_path from current
as $$
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

-- Rows of their own only: a synchronous command's receipt has no metadata and is not listed.
create or replace function command_query(
  p_context text, p_signature text, p_tenant text, p_id uuid, p_status text, p_type text, p_aggregate_type text, p_aggregate_id text,
  p_after uuid, p_limit int
) returns json
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_custom_plan
as $$
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

-- Removes a finished command; returns its status before, null when it was not stored.
create or replace function command_delete(p_context text, p_signature text, p_tenant text, p_id uuid) returns text
language plpgsql volatile security definer
set search_path from current
as $$
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
