import type { CommandRow } from '../command-row.ts'

export type CommandRows = Map<string, CommandRow>

/** The owner of what is carried out outside of the store. */
export const elsewhere = 'elsewhere'

/** Ids are compared in lower case, as PostgreSQL's uuid type does. */
export function rowKey(tenantId: string, id: string): string {
  return `${tenantId}\0${id.toLowerCase()}`
}

/** Ascending by time, and then as they were stored. */
export function inOrder(a: CommandRow, b: CommandRow): number {
  return timeOf(a) - timeOf(b) || a.number - b.number
}

export function timeOf({ dueAt, createdAt }: CommandRow): number {
  return dueAt ?? createdAt
}

/** True for an admitted command that may be handed out now. */
export function isDue(row: CommandRow, now: number): boolean {
  return row.status === 'pending' && row.hash !== undefined && timeOf(row) <= now && (row.retryAt ?? 0) <= now
}

/** What stands for the aggregate of an admitted command. */
export function aggregateOf({ tenantId, aggregateType = '', aggregateId = '' }: CommandRow): string {
  return `${tenantId}\0${aggregateType}\0${aggregateId}`
}
