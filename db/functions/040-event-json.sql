-- One event as a JSON array: what the readers send. Text put together once; the client parses a whole page in one go.
-- [position, version, id, tenant, aggregate type, aggregate id, type, payload, metadata, recorded at (ms)]
create or replace function event_json(e events) returns text
language sql immutable parallel safe
as $$
  select '[' || e.position || ',' || e.version || ',"' || e.id || '",' || to_json(e.tenant_id) || ',' || to_json(e.aggregate_type) || ','
         || to_json(e.aggregate_id) || ',' || to_json(e.type) || ',' || e.payload || ',' || e.metadata || ','
         || (extract(epoch from e.recorded_at) * 1000)::bigint || ']'
$$;
