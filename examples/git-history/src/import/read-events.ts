import type { RecordedEvent } from '@cairn/cairn'
import type { HistoryApp } from './history-app.ts'

/** A tenant's events in the order of the log, page by page. */
export async function* readEvents(
  events: Pick<HistoryApp['events'], 'readAll'>,
  tenantId: string,
  types?: readonly string[],
): AsyncGenerator<RecordedEvent, void, undefined> {
  const limit = 2_000
  let after = 0
  for (;;) {
    const page = await events.readAll({ tenantId, after, limit, ...(types === undefined ? {} : { types }) })
    yield* page.events
    // Not "a short page": a filtered read may come back short before the end.
    if (page.next >= page.horizon || page.next === after) return
    after = page.next
  }
}
