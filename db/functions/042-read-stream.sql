-- Whole events of one stream, ascending by version, as a JSON array; null when there are none. more: the answer was cut, because
-- a driver can take no value above half a gigabyte, and the server makes none above one; the stream may go on behind its last event.
-- Dropped first: the columns of an answer cannot be replaced.
drop function if exists read_stream(text, text, text, text, text, bigint, bigint, timestamptz, int);
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
  v_limit int := p_limit;
  v_count int;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the read names a tenant outside of its context';
  end if;
  loop
    begin
      select '[' || string_agg(event_json(e), ',') || ']', count(*)
        into events, v_count
        from (
          select x.* from events x
           where x.stream_id = (select s.stream_id from streams s
                                 where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id)
             and x.version between p_from and p_to and x.recorded_at <= p_until
           order by x.version limit v_limit
        ) e;
      exit when v_count <= 1 or octet_length(events) <= v_most;
      v_limit := greatest(1, least(v_count - 1, v_count * v_most / octet_length(events)));
    exception when program_limit_exceeded or out_of_memory or internal_error then
      if v_limit = 1 then
        raise;
      end if;
      v_limit := greatest(1, v_limit / 32);
    end;
  end loop;
  more := v_limit < p_limit and v_count = v_limit;
end
$$;
