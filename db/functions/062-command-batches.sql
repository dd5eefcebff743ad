-- Several commands of one tenant at once, for schedulers that carry them out in batches: one round trip for the batch. All rows
-- are locked in the order of their ids, so that two batches that share some wait for each other and never deadlock.

-- Stores commands as pending: a JSON array of [id, hash, type, aggregate type, aggregate id, payload, metadata]. Answers the rows
-- of their ids as they are then, in the order given; the caller compares the hashes.
create or replace function commands_upsert(p_context text, p_signature text, p_tenant text, p_commands jsonb) returns json
language plpgsql volatile security definer
set search_path from current
as $$
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

-- Marks those consumed that are pending, counting an attempt on each, and answers all that are stored as they are then.
create or replace function commands_take(p_context text, p_signature text, p_tenant text, p_ids uuid[]) returns json
language plpgsql volatile security definer
set search_path from current
as $$
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

-- Changes statuses: a JSON array of [id, status, result, error]. A row that does not allow its move stays as it is.
create or replace function commands_finish(p_context text, p_signature text, p_tenant text, p_changes jsonb) returns int
language plpgsql volatile security definer
set search_path from current
as $$
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

create or replace function commands_get(p_context text, p_signature text, p_tenant text, p_ids uuid[]) returns json
language plpgsql stable security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  return (select json_agg(command_json(c)) from commands c
           where c.tenant_id = p_tenant and c.id = any (p_ids) and c.hash is not null and c.metadata is not null);
end
$$;
