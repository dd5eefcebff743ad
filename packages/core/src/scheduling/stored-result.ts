import type { Dispatched } from '../command-bus/index.ts'

/** What is kept as the result of a command that was processed. */
export interface StoredResult {
  readonly aggregateId: string
  readonly version: number
  readonly position: number
  readonly eventIds: readonly string[]
}

export function storedResult({ aggregateId, version, position, events }: Dispatched): StoredResult {
  return { aggregateId, version, position, eventIds: events.map((event) => event.id) }
}
