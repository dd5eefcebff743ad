import { derivedUuid, type PumpChange } from '@cairn/core'
import type { RealtimePostgresChangesPayload } from '@supabase/supabase-js'

/** The service numbers nothing: a change is known by when it was committed and what it says. */
export function changeOfPayload(payload: RealtimePostgresChangesPayload<Record<string, unknown>>, position: number): PumpChange {
  const { eventType, schema, table, commit_timestamp: at, new: after, old: before } = payload
  const row: Readonly<Record<string, unknown>> = eventType === 'DELETE' ? before : after
  const tenantId = row['tenant_id']
  return {
    id: derivedUuid('supabase', schema, table, eventType, at, JSON.stringify(row)),
    position,
    operation: eventType,
    schema,
    table,
    tenantId: typeof tenantId === 'string' ? tenantId : undefined,
    row,
    oldRow: eventType === 'INSERT' ? undefined : before,
    recordedAt: new Date(at),
  }
}
