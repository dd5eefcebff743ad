import type { HistoryEvent, NewEvent } from '@cairn/core'

/**
 * An event as an older version of the code stored it, to be given as history: what an upcaster makes of it is then tested
 * like everything else. `given(Order, storedAs(orderEvents.created, 1, { customer: 'c-1', lines: [] }))`
 */
export function storedAs<T extends string, E extends NewEvent<T>>(
  factory: ((...payload: never) => E) & { readonly type: T },
  schemaVersion: number,
  payload: unknown,
): E {
  const event: HistoryEvent & NewEvent<T> = { type: factory.type, version: 1, schemaVersion, payload }
  // Its payload is older than E says; the fold gets it lifted.
  return event as E
}
