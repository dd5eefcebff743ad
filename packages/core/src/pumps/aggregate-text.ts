import type { Command } from '../contracts/index.ts'

/** What stands for a command's aggregate in sets and maps. */
export function aggregateText({ tenantId, aggregateType, aggregateId }: Command): string {
  return `${tenantId}\0${aggregateType}\0${aggregateId}`
}
