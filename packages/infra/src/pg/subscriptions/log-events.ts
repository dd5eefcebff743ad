import type { Metadata, RecordedEvent, UnreadDetails } from '@cairn/core'

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
  /** Milliseconds; null where they were not read. */
  readonly times: string | null
  readonly payloads: string | null
  /** Null where it was not read. */
  readonly metadata: string | null
  /** Only where metadata was not read. */
  readonly schemas: string | null
}

const uuidLength = 36

/**
 * The events of a page: plain objects, every column parsed in one go.
 * @param unread stands for metadata and times where they were not read
 */
export function logEvents(columns: LogColumns, unread?: UnreadDetails): readonly RecordedEvent[] {
  if (columns.positions === null) return []
  const positions: readonly number[] = list(columns.positions)
  const versions: readonly number[] = list(columns.versions)
  const payloads: readonly unknown[] = list(columns.payloads)
  const tenants: readonly string[] = alike(array(columns.tenants))
  const aggregateTypes: readonly string[] = alike(array(columns.aggregate_types))
  const aggregateIds: readonly string[] = array(columns.aggregate_ids)
  const types: readonly string[] = alike(array(columns.types))
  const ids = columns.ids ?? ''
  const { times, metadata } = detailsOf(columns, unread)
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
      recordedAt: times(i),
      metadata: metadata(i),
    })
  }
  return events
}

interface Details {
  readonly times: (i: number) => Date
  readonly metadata: (i: number) => Metadata
}

function detailsOf(columns: LogColumns, unread: UnreadDetails | undefined): Details {
  if (unread === undefined) {
    const times: readonly number[] = list(columns.times)
    const metadata: readonly Metadata[] = list(columns.metadata)
    return { times: (i) => new Date(at(times, i)), metadata: (i) => at(metadata, i) }
  }
  const schemas: readonly number[] = list(columns.schemas)
  return { times: () => unread.recordedAt, metadata: (i) => unread.metadata(at(schemas, i)) }
}

/** Texts that are equal become one: what is looked up by it later is found at once. For columns of few different texts. */
function alike(column: string[]): readonly string[] {
  const known = new Map<string, string>()
  let last = ''
  for (let i = 0; i < column.length; i++) {
    const text = at(column, i)
    if (text !== last) {
      last = known.get(text) ?? text
      if (last === text) known.set(text, text)
    }
    column[i] = last
  }
  return column
}

function list<T>(items: string | null): readonly T[] {
  return JSON.parse(`[${items ?? ''}]`)
}

function array<T>(items: string | null): T[] {
  return JSON.parse(items ?? '[]')
}

function at<T>(column: readonly T[], i: number): T {
  const value = column[i]
  if (value === undefined) throw new TypeError('A page of the log has columns of different lengths.')
  return value
}
