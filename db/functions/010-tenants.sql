-- The tenants of the signed context; none when there is no context or its signature is not ours.
-- A context is a text array: role, user, then the tenants ('' = no role, no user).
create or replace function tenants() returns text[]
language plpgsql stable security definer parallel safe
set search_path from current
as $$
declare
  c text := current_setting('cairn.context', true);
  k record;
begin
  if c is null or c = '' then
    return '{}';
  end if;
  select s.ipad, s.opad into k from secret s;
  if encode(sha256(k.opad || sha256(k.ipad || convert_to(c, 'UTF8'))), 'hex') is distinct from current_setting('cairn.signature', true) then
    return '{}';
  end if;
  return (c::text[])[3:];
end
$$;
