import { streamMapKey, type StreamKey } from '@cairn/core'
import type { Client } from 'pg'
import type { CheckDatabase } from './check-database.ts'

/** The event ids of streams as the table has them, in order of version; by `streamMapKey`. */
export async function storedIds(
  admin: Client,
  { schema }: CheckDatabase,
  streams: readonly StreamKey[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await admin.query<{ tenant: string; type: string; aggregate: string; ids: string[]; versions: string[] }>(
    `select tenant_id as tenant, aggregate_type as type, aggregate_id as aggregate, array_agg(id::text order by version) as ids,
            array_agg(version::text order by version) as versions
       from ${schema}.events where aggregate_id = any ($1) group by 1, 2, 3`,
    [streams.map((stream) => stream.aggregateId)],
  )
  return new Map(
    rows.map((row) => {
      const key = streamMapKey({ tenantId: row.tenant, aggregateType: row.type, aggregateId: row.aggregate })
      const whole = row.versions.every((version, i) => version === String(i + 1))
      return [key, whole ? row.ids : [...row.ids, 'versions are not 1..n']]
    }),
  )
}
