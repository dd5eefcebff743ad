import type { StoredCommand } from '../ports/index.ts'

/** So many are remembered; one that is forgotten is met anew. */
const most = 10_000

const firstMet = new Map<string, number>()

/**
 * True until so many milliseconds after this process first asked about the command: how long it leaves one to others, however old
 * the command was by then. To be asked also about those that wait behind one that is left to others.
 */
export function metLately({ command: { tenantId, id } }: Pick<StoredCommand, 'command'>, ms: number): boolean {
  const key = `${tenantId}\0${id}`
  const now = performance.now()
  const since = firstMet.get(key) ?? now
  if (since === now) {
    firstMet.set(key, now)
    const oldest = firstMet.size > most ? firstMet.keys().next().value : undefined
    if (oldest !== undefined) firstMet.delete(oldest)
  }
  return now - since < ms
}
