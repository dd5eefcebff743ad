-- Claims a value that is unique in its scope; false when it is taken. Waits for an uncommitted rival.
create or replace function reserve(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the reservation names a tenant outside of its context';
  end if;
  insert into reservations (tenant_id, scope, key) values (p_tenant, p_scope, p_key) on conflict do nothing;
  return found;
end
$$;

create or replace function release(p_context text, p_signature text, p_tenant text, p_scope text, p_key text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the reservation names a tenant outside of its context';
  end if;
  delete from reservations r where r.tenant_id = p_tenant and r.scope = p_scope and r.key = p_key;
  return found;
end
$$;
