/**
 * The least that PostgreSQL must do to hold the same rows: a superuser's prepared statements into Cairn's own tables, with
 * their indexes, without policies, without checks, 200 streams at once. `s` is the schema.
 */
export const floorSql = (s: string) => ({
  /** $1 tenants, $2 ids, $3 command ids, $4 hashes; per event: $5 append (from 1), $6 place, $7 id, $8 payload, $9 metadata, $10 correlation */
  append: {
    name: 'floor-append',
    text: `with made as materialized (
        select array(select nextval('${s}.stream_ids') from generate_series(1, cardinality($1::text[]))) as ids,
               array(select nextval('${s}.event_positions') from generate_series(1, cardinality($5::int[]))) as positions
      ), streams as (
        insert into ${s}.streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
        select m.ids[i], tenant, 'basket', id, cardinality($5) / cardinality($1)
          from made m, unnest($1, $2::text[]) with ordinality x(tenant, id, i)
      ), events as (
        insert into ${s}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id,
                                 type, payload, metadata, correlation_id)
        select m.positions[n], m.ids[a], o, 1, now(), id, ($1)[a], 'basket', ($2)[a], 'basket.lineAdded', payload, metadata, correlation
          from made m, unnest($5, $6::int[], $7::uuid[], $8::jsonb[], $9::jsonb[], $10::text[]) with ordinality x(a, o, id, payload, metadata, correlation, n)
      )
      insert into ${s}.commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position)
      select tenant, id, hash, 'processed', null, null, m.ids[i], 1, cardinality($5) / cardinality($1), m.positions[i * cardinality($5) / cardinality($1)]
        from made m, unnest($1, $3::uuid[], $4::bytea[]) with ordinality x(tenant, id, hash, i)`,
  },
  /** The same events without streams and receipts. $1 stream ids; the rest as above, $4 ids of aggregates. */
  eventsOnly: {
    name: 'floor-events',
    text: `insert into ${s}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id,
                                 type, payload, metadata, correlation_id)
      select nextval('${s}.event_positions'), stream, o, 1, now(), id, tenant, 'basket', aggregate, 'basket.lineAdded', payload, metadata, correlation
        from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[], $7::jsonb[], $8::text[])
             x(stream, o, tenant, aggregate, id, payload, metadata, correlation)`,
  },
  /** $1 stream ids */
  histories: {
    name: 'floor-histories',
    text: `select stream_id::text as stream, version::int as version, payload::text as payload from ${s}.events
            where stream_id = any ($1::bigint[]) order by stream_id, version`,
  },
  /** One command each on existing streams. $1 stream ids, $2 versions, $3 tenants, $4 aggregate ids, $5 event ids, $6 payloads, $7 metadata,
      $8 correlations, $9 command ids, $10 hashes */
  commands: {
    name: 'floor-commands',
    text: `with made as materialized (
        select array(select nextval('${s}.event_positions') from generate_series(1, cardinality($1::bigint[]))) as positions
      ), streams as (
        update ${s}.streams s set version = x.v
          from (select stream, max(v) as v from unnest($1, $2::bigint[]) y(stream, v) group by stream) x where s.stream_id = x.stream
      ), events as (
        insert into ${s}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id,
                                 type, payload, metadata, correlation_id)
        select m.positions[n], stream, v, 1, now(), id, tenant, 'basket', aggregate, 'basket.lineAdded', payload, metadata, correlation
          from made m, unnest($1, $2, $3::text[], $4::text[], $5::uuid[], $6::jsonb[], $7::jsonb[], $8::text[]) with ordinality
               x(stream, v, tenant, aggregate, id, payload, metadata, correlation, n)
      )
      insert into ${s}.commands (tenant_id, id, hash, status, seq, metadata, stream_id, first_version, version, position)
      select tenant, id, hash, 'processed', null, null, stream, v, v, m.positions[n]
        from made m, unnest($1, $2, $3, $9::uuid[], $10::bytea[]) with ordinality x(stream, v, tenant, id, hash, n)`,
  },
  /** $1 tenant, $2 aggregate id, $3 version to read behind */
  load: {
    name: 'floor-load',
    text: `select e.version::int as version, e.type, e.payload::text as payload from ${s}.streams s join ${s}.events e using (stream_id)
            where s.tenant_id = $1 and s.aggregate_type = 'basket' and s.aggregate_id = $2 and e.version > $3 order by e.version`,
  },
  /** $1 tenant, $2 aggregate id */
  snapshot: {
    name: 'floor-snapshot',
    text: `select k.version::int as version, k.state::text as state from ${s}.streams s join ${s}.snapshots k using (stream_id)
            where s.tenant_id = $1 and s.aggregate_type = 'basket' and s.aggregate_id = $2`,
  },
  takeSnapshots: `insert into ${s}.snapshots (stream_id, tenant_id, version, schema_version, state)
      select stream_id, tenant_id, $1::bigint, 1, $2::jsonb from ${s}.streams`,
})
