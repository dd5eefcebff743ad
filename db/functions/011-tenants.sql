-- The tenants that the transaction's context opens (see enter_context); none without one. What the policies ask.
create or replace function tenants() returns text[]
language plpgsql stable security definer parallel safe
set search_path from current
as $$
begin
  return coalesce(verify_context(nullif(current_setting('cairn.context', true), ''), current_setting('cairn.signature', true)), '{}');
end
$$;
