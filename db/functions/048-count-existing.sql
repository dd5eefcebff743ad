-- How many of the streams exist. p_tenant: index into the context's tenants.
create or replace function count_existing(p_context text, p_signature text, p_tenant int[], p_type text[], p_id text[]) returns int
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_context text[] := verify_context(p_context, p_signature);
begin
  if cardinality(v_context) = 0 then
    raise exception using errcode = 'ZC001', message = 'the signed tenant context was refused';
  end if;
  return (
    select count(*) from unnest(p_tenant, p_type, p_id) r(t, ty, id)
     where (select s.version > 0 from streams s
             where s.tenant_id = v_context[r.t] and s.aggregate_type = r.ty and s.aggregate_id = r.id));
end
$$;
