-- What commands led to the first time: a row for each that is stored. took_effect is false while it only waits as a row.
-- Rows that nobody has admitted are left out: what they ask for is not settled.
create or replace function results_of(p_context text, p_signature text, p_tenant text, p_ids uuid[])
returns table (id uuid, hash text, took_effect boolean, aggregate_type text, aggregate_id text, version bigint, "position" bigint, events text)
language plpgsql volatile security definer
set search_path from current
set enable_seqscan = off
set jit = off
as $$
begin
  if (p_tenant = any (verify_context(p_context, p_signature))) is not true then
    raise exception using errcode = 'ZC001', message = 'the question names a tenant outside of its context';
  end if;
  return query
  select c.id, encode(c.hash, 'hex'), c.version is not null, coalesce(s.aggregate_type, c.aggregate_type),
         coalesce(s.aggregate_id, c.aggregate_id), c.version, c.position,
         (select '[' || string_agg(event_json(e), ',' order by e.version) || ']' from events e
           where e.stream_id = c.stream_id and e.version between c.first_version and c.version)
    from unnest(p_ids) wanted(id)
    -- The limits keep these look-ups; see append_many.
    join lateral (select x.* from commands x where x.tenant_id = p_tenant and x.id = wanted.id and x.hash is not null limit 1) c on true
    left join lateral (select x.* from streams x where x.stream_id = c.stream_id limit 1) s on true;
end
$$;
