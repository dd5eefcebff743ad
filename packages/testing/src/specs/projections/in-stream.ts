import type { NewEvent } from '@cairn/core'

/** Where and when events are recorded. */
export interface StreamOptions {
  readonly aggregateId: string
  /** @default 'test' */
  readonly tenantId?: string
  /** @default the part of the event's type before the dot */
  readonly aggregateType?: string
  /** A Date, or ISO 8601 text with an offset. @default a second after the event before, from 2026-01-01T00:00:00Z on */
  readonly recordedAt?: Date | string
  /** Added to the metadata, such as `userId`. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Events of one stream, to be given to a projection. */
export interface EventsInStream {
  readonly stream: StreamOptions
  readonly events: readonly NewEvent[]
}

/** Says which stream events belong to: `inStream('o-1', orderEvents.created({ … }), orderEvents.ready())`. */
export function inStream(stream: string | StreamOptions, ...events: readonly NewEvent[]): EventsInStream {
  return { stream: typeof stream === 'string' ? { aggregateId: stream } : stream, events }
}
