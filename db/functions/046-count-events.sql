-- How many events of each type a tenant has, most first: [[type, count], …].
create or replace function count_events(p_context text, p_signature text, p_tenant text) returns text
language plpgsql volatile security definer
set search_path from current
-- Goes over the tenant's events where there is an index by tenant (migrate's `indexes`), else over everybody's.
set plan_cache_mode = force_custom_plan
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the count names a tenant outside of its context';
  end if;
  return (
    select coalesce(json_agg(json_build_array(c.type, c.n) order by c.n desc, c.type), '[]')::text
      from (select e.type, count(*) as n from events e where e.tenant_id = p_tenant group by e.type) c);
end
$$;
