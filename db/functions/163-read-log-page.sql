-- A page of the log up to the horizon, for background readers (cairn_worker). p_up_to null: the horizon.
--
-- Each column is put together by itself: payloads and metadata as a list of JSON texts without its brackets, ids one after the
-- other, the rest as JSON arrays or lists of numbers. So a client parses a page in few calls (measured: half the work, on both
-- sides, of one JSON text for each event). Columns are named one by one: a row as a whole would be put together first, at
-- a cost of half of all the rest.
--
-- p_unread leaves out metadata and times, and gives the schema versions in their place (measured: a fifth of the work).
--
-- A read with a filter goes over p_window positions at most, so that a rare type in a long log neither times out nor is searched
-- for twice. Where the index events_by_type is there and a sample says that the types are rare, it finds them, over 20 windows.
--
-- A page holds fewer events where they are large: a driver can take no value above half a gigabyte, and the server makes none above
-- one. What the texts come to is known once they are made, so a page that came out too large is made again with fewer events; the
-- client asks for fewer from then on (PgLogReader). A window over the running sizes would cost every page a sixth, a look at the first
-- few events 4 % of a page of 1,000; and sizes as stored say little: text may be compressed, and numbers are printed in full.
create or replace function read_log_page(
  p_after bigint, p_up_to bigint, p_limit int, p_types text[], p_tenant text, p_window bigint, p_unread boolean,
  out horizon bigint, out next bigint, out positions text, out versions text, out ids text, out tenants text, out aggregate_types text,
  out aggregate_ids text, out types text, out times text, out payloads text, out metadata text, out schemas text
)
language plpgsql volatile security definer
set search_path from current
-- See read_log.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_sample constant bigint := least(2000, p_window);
  v_most constant bigint := 33554432;
  v_limit int := p_limit;
  v_bytes bigint;
  v_end bigint;
  v_count int;
  v_last bigint;
  v_found bigint[];
begin
  horizon := horizon();
  v_end := least(read_log_page.horizon, p_up_to);
  if p_types is not null and p_tenant is null and v_end > p_after + v_sample
     and exists (select from pg_index i where i.indexrelid = to_regclass('events_by_type') and i.indisvalid) then
    select count(*) into v_count from events x where x.position > p_after and x.position <= p_after + v_sample and x.type = any (p_types);
    if v_count * 50 < v_sample then
      v_end := least(v_end, p_after + 20 * p_window);
      v_found := array(
        select f.position from unnest(p_types) t
          cross join lateral (
            select x.position from events x
             where x.type = t and x.position > p_after and x.position <= v_end order by x.position limit p_limit
          ) f
         group by f.position order by f.position limit p_limit);
    end if;
  end if;
  if v_found is null and (p_types is not null or p_tenant is not null) then
    v_end := least(v_end, p_after + p_window);
  end if;
  loop
    begin
      select count(*), max(e.position), string_agg(e.position::text, ','), string_agg(e.version::text, ','), string_agg(e.id::text, ''),
             json_agg(e.tenant_id), json_agg(e.aggregate_type), json_agg(e.aggregate_id), json_agg(e.type),
             string_agg((date_part('epoch', e.recorded_at) * 1000)::bigint::text, ',') filter (where not p_unread),
             string_agg(e.payload::text, ','), string_agg(e.metadata::text, ',') filter (where not p_unread),
             string_agg(e.schema_version::text, ',') filter (where p_unread)
        into v_count, v_last, positions, versions, ids, tenants, aggregate_types, aggregate_ids, types, times, payloads, metadata, schemas
        from (
          (select x.position, x.version, x.id, x.tenant_id, x.aggregate_type, x.aggregate_id, x.type, x.recorded_at, x.payload, x.metadata, x.schema_version
             from events x
            where v_found is null and x.position > p_after and x.position <= v_end
              and (p_types is null or x.type = any (p_types)) and (p_tenant is null or x.tenant_id = p_tenant)
            order by x.position limit v_limit)
          union all
          (select x.position, x.version, x.id, x.tenant_id, x.aggregate_type, x.aggregate_id, x.type, x.recorded_at, x.payload, x.metadata, x.schema_version
             from events x where x.position = any (v_found) order by x.position limit v_limit)
        ) e;
      v_bytes := octet_length(payloads)::bigint + coalesce(octet_length(read_log_page.metadata), 0);
      exit when v_count <= 1 or v_bytes <= v_most;
      v_limit := greatest(1, least(v_count - 1, v_count * v_most / v_bytes));
    exception when program_limit_exceeded or out_of_memory or internal_error then
      if v_limit = 1 then
        raise;
      end if;
      v_limit := greatest(1, v_limit / 32);
    end;
  end loop;
  next := greatest(p_after, case when v_count < v_limit then v_end else v_last end);
end
$$;
