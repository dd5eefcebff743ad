-- Ends a stream. Answers 1 closed (or closed before), 2 the expected version was not met; version = the stream's version.
create or replace function close_stream(
  p_context text, p_signature text, p_tenant text, p_type text, p_id text, p_expected bigint, out outcome int, out version bigint
)
language plpgsql volatile security definer
set search_path from current
set lock_timeout = '10s'
as $$
declare
  v_stream bigint;
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the call names a tenant outside of its context';
  end if;
  select s.stream_id, s.version into v_stream, version from streams s
   where s.tenant_id = p_tenant and s.aggregate_type = p_type and s.aggregate_id = p_id for update;
  version := coalesce(version, 0);
  if v_stream is null or not (p_expected = version or p_expected < 0) then
    outcome := 2;
    return;
  end if;
  update streams s set closed_at = coalesce(s.closed_at, now()) where s.stream_id = v_stream;
  outcome := 1;
end
$$;
