import type { Row } from '../rows/row.ts'
import { lineAdded, type LineAdded } from './payload.ts'

export interface Seeding {
  readonly streams: number
  readonly eventsPerStream: number
}

/** How many streams of one long length the load rows rotate over: more than one, so that no single page is special. */
export const loadedStreams = 8
/** A hot row takes a new aggregate for each episode; this is how many are ready before the first. */
export const hotStreams = 2000

/** What must exist before a row is measured. */
export function seedingOf(row: Row): Seeding {
  const { shape } = row
  switch (shape.kind) {
    case 'append':
      return { streams: 0, eventsPerStream: 0 }
    case 'command':
      return { streams: shape.aggregates, eventsPerStream: shape.history }
    case 'hot':
      return { streams: hotStreams, eventsPerStream: shape.history }
    case 'load':
      return { streams: loadedStreams, eventsPerStream: shape.events }
  }
}

export function lines(from: number, count: number): LineAdded[] {
  return Array.from({ length: count }, (_, i) => lineAdded(from + i))
}
