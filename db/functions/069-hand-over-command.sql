-- Stores a command as consumed by somebody outside of the table, or makes it so where it is pending: no worker takes it or gives it
-- back, and it holds nobody up. In one statement with its first storing, so that there is no time in which a worker might take it.
-- One that is further on is answered as it is; the caller compares the hash.
create or replace function command_hand_over(
  p_context text, p_signature text, p_tenant text, p_id uuid, p_hash bytea, p_type text, p_aggregate_type text, p_aggregate_id text,
  p_payload jsonb, p_metadata jsonb
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
