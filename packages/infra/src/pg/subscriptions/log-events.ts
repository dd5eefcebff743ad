import type { Metadata, RecordedEvent } from '@cairn/core'

/** The columns of a page as read_log_page of db/functions/163-read-log-page.sql answers them; null where the page is empty. */
export interface LogColumns {
  readonly positions: string | null
  readonly versions: string | null
  /** UUIDs, one after the other. */
  readonly ids: string | null
  readonly tenants: string | null
  readonly aggregate_types: string | null
  readonly aggregate_ids: string | null
  readonly types: string | null
  /** Milliseconds. */
  readonly times: string | null
  readonly payloads: string | null
  readonly metadata: string | null
}

const uuidLength = 36

/** The events of a page: plain objects, every column parsed in one go. */
export function logEvents(columns: LogColumns): readonly RecordedEvent[] {
  if (columns.positions === null) return []
  const positions: readonly number[] = list(columns.positions)
  const versions: readonly number[] = list(columns.versions)
  const times: readonly number[] = list(columns.times)
  const payloads: readonly unknown[] = list(columns.payloads)
  const metadata: readonly Metadata[] = list(columns.metadata)
  const tenants: readonly string[] = array(columns.tenants)
  const aggregateTypes: readonly string[] = array(columns.aggregate_types)
  const aggregateIds: readonly string[] = array(columns.aggregate_ids)
  const types: readonly string[] = array(columns.types)
  const ids = columns.ids ?? ''
  const events: RecordedEvent[] = []
  for (let i = 0; i < positions.length; i++) {
    events.push({
      id: ids.slice(i * uuidLength, (i + 1) * uuidLength),
      tenantId: at(tenants, i),
      type: at(types, i),
      payload: payloads[i],
      aggregateType: at(aggregateTypes, i),
      aggregateId: at(aggregateIds, i),
      version: at(versions, i),
      position: at(positions, i),
      recordedAt: new Date(at(times, i)),
      metadata: at(metadata, i),
    })
  }
  return events
}

function list<T>(items: string | null): readonly T[] {
  return JSON.parse(`[${items ?? ''}]`)
}

function array<T>(items: string | null): readonly T[] {
  return JSON.parse(items ?? '[]')
}

function at<T>(column: readonly T[], i: number): T {
  const value = column[i]
  if (value === undefined) throw new TypeError('A page of the log has columns of different lengths.')
  return value
}
