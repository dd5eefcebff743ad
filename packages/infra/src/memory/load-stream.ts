import { assertStreamKey, type LoadedStream, type LoadOptions, type StreamKey } from '@cairn/core'
import { assertWholeNumber } from './assert-whole-number.ts'
import type { MemoryLog } from './memory-log.ts'
import { toHistoryEvent } from './stored-event.ts'

/** Snapshot and tail of one stream. */
export function loadStream(log: MemoryLog, stream: StreamKey, options: LoadOptions = {}): LoadedStream {
  assertStreamKey(stream)
  if (options.afterVersion !== undefined) assertWholeNumber('afterVersion', options.afterVersion, 0)
  const row = log.find(stream)
  if (row === undefined) return { version: 0, closed: false, snapshot: undefined, events: [] }
  const wanted = options.afterVersion === undefined && (options.useSnapshot ?? true)
  const snapshot = wanted ? row.snapshot : undefined
  return {
    version: row.events.length,
    closed: row.closed,
    snapshot: snapshot && { ...snapshot, state: JSON.parse(snapshot.state) },
    events: row.events.slice(options.afterVersion ?? snapshot?.version ?? 0).map(toHistoryEvent),
  }
}
