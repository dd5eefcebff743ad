-- Whole events of one stream, ascending by version, as a JSON array; null when there are none. `more`: the answer was cut, because a
-- driver can take no value above half a gigabyte; it goes on behind the last event.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists read_stream;
create or replace function read_stream(
  p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_from bigint, p_to bigint, p_until timestamptz, p_limit int,
  out events text, out more boolean
)
language plpgsql volatile security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_most constant bigint := 33554432;
  v_bytes bigint := 0;
  v_texts text[];
  v_event text;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  more := false;
  for v_event in
    select event_json(x) from events x
     where x.stream_id = (select s.stream_id from streams s
                           where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id)
       and x.version between p_from and p_to and x.recorded_at <= p_until
     order by x.version limit p_limit
  loop
    v_bytes := v_bytes + octet_length(v_event);
    more := v_texts is not null and v_bytes > v_most;
    exit when more;
    v_texts := array_append(v_texts, v_event);
  end loop;
  events := '[' || array_to_string(v_texts, ',') || ']';
end
$$;
