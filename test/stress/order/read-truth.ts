import type { Client } from 'pg'
import type { Placed } from './truth.ts'

export interface StoredEvent extends Placed {
  readonly type: string
}

/** Every committed event by its id, read as superuser from the table itself. */
export async function readTruth(admin: Client, schema: string): Promise<ReadonlyMap<string, StoredEvent>> {
  const { rows } = await admin.query<{ id: string; position: string; stream: string; version: string; type: string }>(
    `select id, position, tenant_id || '/' || aggregate_type || '/' || aggregate_id as stream, version, type from ${schema}.events`,
  )
  return new Map(rows.map((row) => [row.id, { ...row, position: Number(row.position), version: Number(row.version) }]))
}
