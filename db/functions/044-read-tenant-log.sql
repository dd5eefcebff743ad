-- A page of one tenant's part of the log up to the horizon, for the application.
create or replace function read_tenant_log(
  p_context text, p_signature text, p_tenant text, p_after bigint, p_limit int, p_types text[],
  out horizon bigint, out events text, out count int, out last bigint
)
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  select l.horizon, l.events, l.count, l.last into horizon, events, count, last from read_log(p_after, p_limit, p_types, p_tenant) l;
end
$$;
