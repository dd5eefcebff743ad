import type { RecordedEvent } from '../contracts/index.ts'
import { derivedUuid } from '../ids/index.ts'
import type { PumpChange } from './pump-config.ts'

type Payload = Pick<PumpChange, 'operation' | 'schema' | 'table' | 'tenantId' | 'row' | 'oldRow'>

/** A change as the subscription engine carries it. The log's id makes its own one differ from that of another database's change. */
export function eventOfChange(logId: string, change: Omit<PumpChange, 'id'>): RecordedEvent<string, Payload> {
  const { position, operation, schema, table, tenantId, row, oldRow, recordedAt } = change
  const id = derivedUuid('change', logId, String(position))
  return {
    id,
    tenantId: tenantId ?? '',
    type: 'table.changed',
    payload: { operation, schema, table, tenantId, row, oldRow },
    aggregateType: `${schema}.${table}`,
    aggregateId: rowId(row),
    version: position,
    position,
    recordedAt,
    metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
  }
}

export function changeOfEvent({ id, position, recordedAt, payload }: RecordedEvent): PumpChange {
  return { ...(payload as Payload), id, position, recordedAt }
}

/** By column `id`, where the table has one; else all rows of the table are one. */
function rowId(row: unknown): string {
  const id: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'id') : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : ''
}
