import type { Client } from 'pg'

// The same events for every system, made by PostgreSQL itself: event i (from 0) is line i / rows of basket i % rows, so that
// neighbours in the log never share a row, the hardest order for whoever puts changes together.

export const tenant = 'tenant-000'

const basket = (rows: number): string => `'basket-' || lpad((i % ${rows})::text, 7, '0')`

/** About 300 bytes with its metadata; the same fields as `lineAdded` of the write side. */
const line = `'lineId', 'line-' || lpad(i::text, 9, '0'), 'product', 'product-' || lpad((i % 9973)::text, 5, '0'), 'quantity', 1 + i % 7,
  'price', 100 + i % 4900, 'currency', 'EUR', 'note', 'Please leave the parcel with the neighbours when nobody opens.',
  'address', jsonb_build_object('street', 'Station Square 101', 'city', 'Rotterdam', 'country', 'NL')`

/** Appends events from..to-1 to Cairn's log, past its functions. */
export async function fillCairn(client: Client, schema: string, rows: number, from: number, to: number): Promise<void> {
  await client.query(
    `insert into ${schema}.streams (stream_id, tenant_id, aggregate_type, aggregate_id, version)
     select 1 + i % ${rows}, '${tenant}', 'basket', ${basket(rows)}, max(1 + i / ${rows}) from generate_series($1::int, $2::int - 1) i group by i % ${rows}
     on conflict (stream_id) do update set version = excluded.version`,
    [from, to],
  )
  await client.query(
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id,
                                   type, payload, metadata, correlation_id)
     select 1 + i, 1 + i % ${rows}, 1 + i / ${rows}, 1, now(), gen_random_uuid(), '${tenant}', 'basket', ${basket(rows)},
            'basket.lineAdded', jsonb_build_object(${line}), '{"correlationId": "c", "causationId": "c", "schemaVersion": 1}', 'c'
       from generate_series($1::int, $2::int - 1) i`,
    [from, to],
  )
  await client.query(`select setval('${schema}.event_positions', $1::bigint), setval('${schema}.stream_ids', $2::bigint)`, [to, rows])
}

export async function fillEmmett(client: Client, rows: number, events: number): Promise<void> {
  await client.query(
    `insert into emt_messages (stream_id, stream_position, partition, message_data, message_metadata, message_schema_version, message_type,
                               message_id, transaction_id)
     select ${basket(rows)}, 1 + i / ${rows}, 'emt:default', jsonb_build_object(${line}), '{}', '1', 'LineAdded', gen_random_uuid()::text,
            pg_current_xact_id()
       from generate_series(0, $1::int - 1) i order by i`,
    [events],
  )
}

export async function fillEvtstore(client: Client, rows: number, events: number): Promise<void> {
  await client.query(
    `insert into events (stream, aggregate_id, version, timestamp, event)
     select 'basket', ${basket(rows)}, 1 + i / ${rows}, now(), jsonb_build_object('type', 'LineAdded', ${line})
       from generate_series(0, $1::int - 1) i order by i`,
    [events],
  )
}

/** Everything that the rows say, in a few characters. */
export function digestOf(table: string): string {
  return `select count(*)::int as rows, md5(string_agg(basket_id || ':' || lines || ':' || total, ',' order by basket_id collate "C")) as hash from ${table}`
}

/** The digest that events 0..n-1 must come to, worked out from their numbers and not from any log. */
export function expectedDigest(rows: number, events: number): string {
  return digestOf(`(select ${basket(rows)} as basket_id, count(*) as lines, sum((1 + i % 7) * (100 + i % 4900)) as total
     from generate_series(0, ${events - 1}) i group by i % ${rows}) made`)
}
