-- Opens a context for the rest of this transaction, for SQL that reads tables under row-level security. ZC001 context refused.
create or replace function enter_context(p_context text, p_signature text) returns text[]
language plpgsql volatile security definer
set search_path from current
as $$
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
