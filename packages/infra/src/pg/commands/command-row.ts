import type { Command, CommandFailure, CommandStatus, Metadata, StoredCommand } from '@cairn/core'

/** What command_json of db/functions/060-commands.sql writes. */
export type CommandRow = readonly [
  id: string,
  tenantId: string,
  type: string,
  aggregateType: string | null,
  aggregateId: string | null,
  payload: unknown,
  metadata: Partial<Metadata>,
  status: CommandStatus,
  attempts: number,
  result: unknown,
  error: CommandFailure | null,
  createdAt: number,
  updatedAt: number,
  hash: string | null,
  dueAt: number | null,
]

/** A row that nobody has admitted yet has no target, and of its metadata what its writer gave. */
export function toStoredCommand(row: CommandRow): StoredCommand {
  const [id, tenantId, type, aggregateType, aggregateId, payload, given, status, attempts, result, error, createdAt, updatedAt] = row
  const metadata: Metadata = { correlationId: id, causationId: id, schemaVersion: 1, ...given }
  const command: Command = { id, tenantId, type, aggregateType: aggregateType ?? '', aggregateId: aggregateId ?? '', payload, metadata }
  const dueAt = row[14]
  return {
    command,
    status,
    attempts,
    result: result ?? undefined,
    error: error ?? undefined,
    dueAt: dueAt === null ? undefined : new Date(dueAt),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  }
}

export function hashOfRow(row: CommandRow): string | null {
  return row[13]
}
