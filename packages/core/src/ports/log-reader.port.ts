import type { RecordedEvent } from '../contracts/event.ts'
import type { UnreadDetails } from '../subscriptions/unread-details.ts'

export interface LogReadOptions {
  /** Only events behind this position, exclusive. */
  readonly after: number
  /** Only events at or below this position. @default the horizon */
  readonly upTo?: number
  /** At most so many events, 1..10,000. */
  readonly limit: number
  /** Only these full types; undefined reads all. */
  readonly types?: readonly string[] | undefined
  /** Only this tenant's events. */
  readonly tenantId?: string | undefined
  /**
   * Given, a store may leave out metadata and times, and put these in their place. Nothing that was made of such a page counts
   * once `unread.wanted` is true.
   */
  readonly unread?: UnreadDetails | undefined
}

export interface LogReadPage {
  /** Ascending by position; fewer than asked for where they are large. Payloads are as stored: not yet lifted. */
  readonly events: readonly RecordedEvent[]
  /**
   * Everything that passes the filter up to here is in `events`: the last event read, the end of the window that was searched,
   * or the horizon (or `upTo`). Never below `after`.
   */
  readonly next: number
  /** The highest position below which nothing can still appear. */
  readonly horizon: number
  /** How many characters the events have as JSON texts, roughly. Left out by a store that holds them in memory anyway. */
  readonly size?: number
}

/** Where the log ends. */
export interface LogHead {
  readonly horizon: number
  /** The position of the newest committed event; 0 for an empty log. Above the horizon while a writer is at work. */
  readonly newest: number
}

/**
 * How background readers read the whole log, every tenant's, in pages. One that goes on from `next` misses nothing and
 * sees nothing twice.
 *
 * A filtered read is windowed: it searches a bounded stretch of positions for a call, so that a rare type in a long log
 * neither times out nor goes over the same stretch again.
 */
export interface LogReaderPort {
  /** A uuid made with the schema and renewed by a restore: positions of another log mean nothing here. */
  logId(): Promise<string>
  /** @throws DatabaseUnavailableError */
  read(options: LogReadOptions): Promise<LogReadPage>
  head(): Promise<LogHead>
  /** The position to go on from to read what was recorded at this time or later; the head where there is none yet. */
  positionAt(time: Date): Promise<number>
}
