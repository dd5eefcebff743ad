import type { CommandStatus, StoredCommand } from '@cairn/core'

/** A command as it is kept: JSON text inside, so no caller holds a part of it. */
export interface CommandRow {
  readonly id: string
  readonly tenantId: string
  readonly type: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: string
  readonly metadata: string
  readonly hash: string
  readonly createdAt: number
  /** Orders commands of one millisecond. */
  readonly number: number
  status: CommandStatus
  attempts: number
  result: string | undefined
  error: string | undefined
  updatedAt: number
}

export function toStoredCommand(row: CommandRow): StoredCommand {
  const { id, tenantId, type, aggregateType, aggregateId } = row
  return {
    command: { id, tenantId, type, aggregateType, aggregateId, payload: JSON.parse(row.payload), metadata: JSON.parse(row.metadata) },
    status: row.status,
    attempts: row.attempts,
    result: row.result === undefined ? undefined : JSON.parse(row.result),
    error: row.error === undefined ? undefined : JSON.parse(row.error),
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}
