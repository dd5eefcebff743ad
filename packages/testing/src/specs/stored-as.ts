import type { HistoryEvent, NewEvent } from '@cairn/core'

/**
 * An event as an older version of the code stored it, to be given as history: what an upcaster makes of it is then tested
 * like everything else. `given(Order, storedAs(orderEvents.created, 1, { customer: 'c-1', lines: [] }))`
 */
export function storedAs<E extends NewEvent>(
  factory: ((...payload: never) => E) & { readonly type: E['type'] },
  schemaVersion: number,
  payload: unknown,
): E {
  const event: HistoryEvent = { type: factory.type, version: 1, schemaVersion, payload }
  return typedAs<E>(event)
}

/** The payload is older than E says; a fold gets it lifted. */
function typedAs<E extends NewEvent>(event: NewEvent): E {
  return event as E
}
