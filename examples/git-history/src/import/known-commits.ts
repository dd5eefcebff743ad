import { contributorEvents } from '../domain/index.ts'
import type { HistoryApp } from './history-app.ts'
import { readEvents } from './read-events.ts'

/** The commits that are wholly stored: those whose contribution, recorded last, is in the log. */
export async function knownCommits(events: Pick<HistoryApp['events'], 'readAll'>, tenantId: string): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for await (const event of readEvents(events, tenantId, [contributorEvents.contributed.type])) {
    if (contributorEvents.contributed.is(event)) known.add(event.payload.commit)
  }
  return known
}
