-- The tenants of a signed context; none when its signature is not ours. A context is a text array: role, user, then the
-- tenants ('' = no role, no user).
--
-- For functions of ours alone: it runs as the owner, who can read the key, under the search_path that its caller has pinned
-- (pinning one costs 10 µs, so the hot functions do it once). Callers test a tenant with `is not true`: a null tenant is in
-- no context, and would pass a plain `not`.
create or replace function verify_context(p_context text, p_signature text) returns text[]
language plpgsql stable
as $$
declare
  k record;
begin
  select s.ipad, s.opad into k from secret s;
  if encode(sha256(k.opad || sha256(k.ipad || convert_to(p_context, 'UTF8'))), 'hex') = p_signature then
    return (p_context::text[])[3:];
  end if;
  return '{}';
end
$$;
