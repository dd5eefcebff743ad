-- Sets the context for the rest of this transaction and returns its tenants; refuses one whose signature is not ours.
-- ZC001 context refused. Callers test a tenant with `is not true`: a null tenant is in no context, and would pass a plain `not`.
create or replace function enter_context(p_context text, p_signature text) returns text[]
language plpgsql volatile security definer
set search_path from current
as $$
declare
  v_tenants text[];
begin
  perform set_config('cairn.context', p_context, true), set_config('cairn.signature', p_signature, true);
  v_tenants := tenants();
  if cardinality(v_tenants) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  return v_tenants;
end
$$;
