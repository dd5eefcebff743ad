import type { HistoryApp } from '../import/history-app.ts'

type Log = Pick<HistoryApp['events'], 'readAll'>

/** The log, read no further than the page at which the signal comes: whoever folds it then gets the signal's reason. */
export function stoppable(events: Log, signal: AbortSignal): Log {
  return {
    readAll: (options) => {
      signal.throwIfAborted()
      return events.readAll(options)
    },
  }
}
