import type { HistoryApp } from '../import/history-app.ts'

/** An old log may be longer than the import. */
const longestWaitMs = 30 * 60_000

/** Waits until the read models have all that is in the log now. @throws the signal's reason */
export async function caughtUp(app: HistoryApp, signal: AbortSignal): Promise<void> {
  const { log } = await app.health()
  signal.throwIfAborted()
  await app.waitFor(log?.newest ?? 0, undefined, { timeoutMs: longestWaitMs, signal })
}
