-- Whole events of one stream, ascending by version, as a JSON array; null when there are none.
create or replace function read_stream(
  p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamptz, p_limit int
) returns text
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  return (
    select '[' || string_agg(event_json(e), ',') || ']'
      from (
        select x.* from events x
         where x.stream_id = (select s.stream_id from streams s
                               where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id)
           and x.version between p_from and p_to and x.recorded_at <= p_until
         order by x.version limit p_limit
      ) e);
end
$$;
