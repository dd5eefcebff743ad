import type { Command, CommandFailure, CommandStatus, Metadata, StoredCommand } from '@cairn/core'

/** What command_json of db/functions/060-commands.sql writes. */
export type CommandRow = readonly [
  id: string,
  tenantId: string,
  type: string,
  aggregateType: string,
  aggregateId: string,
  payload: unknown,
  metadata: Metadata,
  status: CommandStatus,
  attempts: number,
  result: unknown,
  error: CommandFailure | null,
  createdAt: number,
  updatedAt: number,
  hash: string,
]

export function toStoredCommand(row: CommandRow): StoredCommand {
  const [id, tenantId, type, aggregateType, aggregateId, payload, metadata, status, attempts, result, error, createdAt, updatedAt] = row
  const command: Command = { id, tenantId, type, aggregateType, aggregateId, payload, metadata }
  return {
    command,
    status,
    attempts,
    result: result ?? undefined,
    error: error ?? undefined,
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  }
}

export function hashOfRow(row: CommandRow): string {
  return row[13]
}
