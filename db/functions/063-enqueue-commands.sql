-- Commands for later, in the transaction of whoever wants them.

-- Stores commands as pending: a JSON array of [tenant, id, hash, type, aggregate type, aggregate id, payload, metadata, due at in
-- milliseconds or null]. One that is stored already stays as it is; a receipt of a command that ran without a row of its own
-- learns what it was, and what came of it. Answers the ids (as [tenant, id]) that were used with other content; the caller rolls back then.
create or replace function enqueue_commands(p_commands jsonb) returns json
language plpgsql volatile security definer
set search_path from current
as $$
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

-- Ends pending commands as failed that are not wanted any more; answers how many.
create or replace function cancel_commands(p_tenant text, p_ids uuid[], p_error jsonb) returns int
language plpgsql volatile security definer
set search_path from current
as $$
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

-- The same for the application, within its tenants.
create or replace function enqueue_own_commands(p_context text, p_signature text, p_tenant text, p_commands jsonb) returns json
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true
     or exists (select from jsonb_array_elements(p_commands) e where e->>0 is distinct from p_tenant) then
    raise exception using errcode = 'ZC001', message = 'the commands name a tenant outside of their context';
  end if;
  return enqueue_commands(p_commands);
end
$$;

create or replace function cancel_own_commands(p_context text, p_signature text, p_tenant text, p_ids uuid[], p_error jsonb) returns int
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  return cancel_commands(p_tenant, p_ids, p_error);
end
$$;
