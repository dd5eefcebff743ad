import { streamMapKey, type RecordedEvent } from '@cairn/core'

/** Orders in which events can come when only those of one stream keep theirs, each recorded as if it had happened so. At most `limit`. */
export function interleavings(events: readonly RecordedEvent[], limit: number): readonly (readonly RecordedEvent[])[] {
  const streams = new Map<string, RecordedEvent[]>()
  for (const event of events) streams.set(streamMapKey(event), [...(streams.get(streamMapKey(event)) ?? []), event])
  const places = events.map(({ position, recordedAt }) => ({ position, recordedAt }))
  const orders: (readonly RecordedEvent[])[] = []
  const extend = (taken: readonly RecordedEvent[], left: readonly (readonly RecordedEvent[])[]): void => {
    if (orders.length === limit) return
    if (taken.length === events.length) {
      orders.push(taken.map((event, i) => ({ ...event, ...places[i] })))
      return
    }
    for (const [i, stream] of left.entries()) {
      const [next, ...rest] = stream
      if (next !== undefined) extend([...taken, next], left.with(i, rest))
    }
  }
  extend([], [...streams.values()])
  return orders
}
