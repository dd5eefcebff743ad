import type { RecordedEvent } from '../contracts/event.ts'

/** Filters compose by AND; each is a column. Times: `from` is inclusive, `to` exclusive. */
export interface EventFilter {
  readonly tenantId: string
  readonly types?: readonly string[]
  readonly aggregateType?: string
  readonly aggregateId?: string
  readonly correlationId?: string
  readonly workflowId?: string
  readonly userId?: string
  readonly projectId?: string
  readonly from?: Date
  readonly to?: Date
}

export interface EventQueryOptions {
  /** The position to go on behind (before, when newest first), exclusive. */
  readonly cursor?: number
  /** 1..1,000. @default 100 */
  readonly limit?: number
  /** @default 'oldest-first' */
  readonly order?: 'oldest-first' | 'newest-first'
}

export interface EventQueryPage {
  /** Fewer than asked for where they are large. */
  readonly events: readonly RecordedEvent[]
  /** Pass as `cursor` for the next page; undefined on the last. */
  readonly next: number | undefined
}

/** Questions to the log, in keyset pages by position. Never returns another tenant's events. */
export interface EventQueryPort {
  /** @throws InvalidInputError for a cursor, a limit or a time that is none */
  query(filter: EventFilter, options?: EventQueryOptions): Promise<EventQueryPage>
  /** How many events of each type, most first. */
  countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]>
}
