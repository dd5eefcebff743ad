import type { RecordedEvent } from '@cairn/core'
import type { ImportTarget } from './import-target.ts'

/** A tenant's events in the order of the log, page by page. */
export async function* readEvents(
  log: ImportTarget['log'],
  tenantId: string,
  types?: readonly string[],
): AsyncGenerator<RecordedEvent, void, undefined> {
  const limit = 2_000
  let after = 0
  for (;;) {
    const page = await log.readAll({ tenantId, after, limit, ...(types === undefined ? {} : { types }) })
    yield* page.events
    if (page.events.length < limit) return
    after = page.next
  }
}
