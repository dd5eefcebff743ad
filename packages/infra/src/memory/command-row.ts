import type { CommandStatus, Metadata, StoredCommand } from '@cairn/core'

/** A command as it is kept: JSON text inside, so no caller holds a part of it. */
export interface CommandRow {
  readonly id: string
  readonly tenantId: string
  readonly type: string
  /** Undefined in a row that nobody has admitted, and so is the hash. */
  aggregateType: string | undefined
  aggregateId: string | undefined
  payload: string
  metadata: string
  hash: string | undefined
  readonly dueAt: number | undefined
  readonly createdAt: number
  /** Orders commands of one millisecond. */
  readonly number: number
  status: CommandStatus
  attempts: number
  result: string | undefined
  error: string | undefined
  updatedAt: number
  /** A failed try is repeated then. */
  retryAt: number | undefined
  /** The worker that has it. */
  owner: string | undefined
}

export function toStoredCommand(row: CommandRow): StoredCommand {
  const { id, tenantId, type, aggregateType = '', aggregateId = '' } = row
  const metadata: Metadata = { correlationId: id, causationId: id, schemaVersion: 1, ...JSON.parse(row.metadata) }
  return {
    command: { id, tenantId, type, aggregateType, aggregateId, payload: JSON.parse(row.payload), metadata },
    status: row.status,
    attempts: row.attempts,
    result: row.result === undefined ? undefined : JSON.parse(row.result),
    error: row.error === undefined ? undefined : JSON.parse(row.error),
    dueAt: row.dueAt === undefined ? undefined : new Date(row.dueAt),
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}
