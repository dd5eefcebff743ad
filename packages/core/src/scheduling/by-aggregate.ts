import type { StoredCommand } from '../ports/index.ts'

/** In the order of their first commands. */
export function byAggregate(commands: readonly StoredCommand[]): readonly (readonly StoredCommand[])[] {
  const groups = new Map<string, StoredCommand[]>()
  for (const stored of commands) {
    const { tenantId, aggregateType, aggregateId } = stored.command
    const key = `${tenantId}\0${aggregateType}\0${aggregateId}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [stored])
    else group.push(stored)
  }
  return [...groups.values()]
}
