import type { AppendGroupRequest, InlineWriter, RecordedEvent } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import type { AppendEntry } from '../append/append-entry.ts'
import { appendOne } from '../append/append-one.ts'
import { recordedParts } from '../append/recorded-parts.ts'
import { refusal } from '../append/refusal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { openInline } from './open-inline.ts'

export interface QueuedAppend {
  readonly request: AppendGroupRequest
  readonly entry: AppendEntry
}

/**
 * Carries out the appends of a transaction, then lets the inline projections write what they led to. In this order: whoever
 * holds the rows of an inline projection never waits for a stream. True when events were stored.
 */
export async function carryOut(
  db: PgDatabase,
  connection: DatabaseTransactionConnection,
  tenantId: string,
  appends: readonly QueuedAppend[],
  inline: InlineWriter | undefined,
): Promise<boolean> {
  let stored = false
  const seen: RecordedEvent[] = []
  for (const { request, entry } of appends) {
    const outcome = await appendOne(connection, db.schema, db.signer, entry, db.options.holdTimeoutMs, 'plain')
    if (outcome.kind !== 'appended') throw refusal(entry.stream, entry.expected, outcome, entry.receipts[0]?.id)
    stored ||= outcome.positions.length > 0
    if (readsInline(entry, inline)) seen.push(...recordedParts(request, entry, outcome).flatMap(({ events }) => events))
  }
  if (inline !== undefined && seen.length > 0) {
    seen.sort((a, b) => a.position - b.position)
    await inline.write(seen, (projection) => openInline(db, connection, tenantId, projection, 'plain'))
  }
  return stored
}

/** True when an append has events that some inline projection reads. */
export function readsInline(entry: AppendEntry, inline: InlineWriter | undefined): inline is InlineWriter {
  return inline !== undefined && entry.events.some(({ type }) => inline.types.has(type))
}
