import type { PgDatabase } from '../connection/pg-database.ts'

const listeners = new WeakMap<PgDatabase, Set<() => void>>()
const scheduled = new WeakSet<PgDatabase>()

/** Wakes this process's own readers of a database at once, past the server. Appends of one turn of the event loop make one hint. */
export function hintLocally(db: PgDatabase): void {
  if (scheduled.has(db) || !listeners.has(db)) return
  scheduled.add(db)
  setImmediate(() => {
    scheduled.delete(db)
    for (const wake of listeners.get(db) ?? []) wake()
  })
}

export function listenLocally(db: PgDatabase, wake: () => void): () => void {
  const all = listeners.get(db) ?? new Set()
  listeners.set(db, all)
  all.add(wake)
  return () => {
    all.delete(wake)
    if (all.size === 0) listeners.delete(db)
  }
}
