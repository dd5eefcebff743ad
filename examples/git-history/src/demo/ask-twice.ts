import type { HistoryApp } from '../import/history-app.ts'
import { readHistory, type History } from '../questions/history.ts'
import { caughtUp } from './caught-up.ts'
import { readAnswers, type ReadAnswers } from './read-models.ts'
import { differences } from './same-as-folded.ts'
import { countOf } from './stored.ts'

/** How often both are asked while events keep coming in between. */
const turns = 3

export interface Asking {
  readonly app: HistoryApp
  readonly events: Pick<HistoryApp['events'], 'readAll'>
  readonly tenantId: string
  readonly at: string | undefined
  /** Rows of each answer. */
  readonly limit: number
  readonly signal: AbortSignal
}

export interface AskedTwice {
  readonly history: History
  /** How long it took to read and fold the events. */
  readonly foldSeconds: number
  /** Undefined with `at`: what is asked as of a commit is folded from the events; what is asked now, the projections have in their tables. */
  readonly read: ReadAnswers | undefined
  /** Events came each time between the two, from another import: what was read need not be what was folded. */
  readonly moving: boolean
}

/**
 * Asks the events and the read models, and compares. The two are read one after the other, so a difference counts only when nothing
 * was stored in the meantime.
 * @throws Error when they differ though both have the same events; the signal's reason
 */
export async function askTwice({ app, events, tenantId, at, limit, signal }: Asking): Promise<AskedTwice> {
  if (at !== undefined) return { ...(await fold(events, tenantId, at)), read: undefined, moving: false }
  for (let turn = 1; ; turn++) {
    const before = await countEvents(app, tenantId)
    // After the count: what was counted is in the tables, and no longer behind a writer that is still at work.
    await caughtUp(app, signal)
    const folded = await fold(events, tenantId)
    const read = await readAnswers(app, tenantId, limit)
    signal.throwIfAborted()
    const different = differences(folded.history, read)
    if (different.length === 0) return { ...folded, read, moving: false }
    if ((await countEvents(app, tenantId)) === before)
      throw new Error(`The read models and the events do not agree on: ${different.join(', ')}.`)
    if (turn === turns) return { ...folded, read, moving: true }
  }
}

async function fold(events: Asking['events'], tenantId: string, at?: string): Promise<Pick<AskedTwice, 'history' | 'foldSeconds'>> {
  const started = performance.now()
  const history = await readHistory(events, tenantId, { at })
  return { history, foldSeconds: (performance.now() - started) / 1000 }
}

async function countEvents(app: HistoryApp, tenantId: string): Promise<number> {
  return countOf(await app.events.countByType(tenantId))
}
