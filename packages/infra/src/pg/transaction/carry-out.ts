import type { AppendGroupRequest, InlineWriter, RecordedEvent } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import type { AppendEntry } from '../append/append-entry.ts'
import { appendOne } from '../append/append-one.ts'
import { recordedParts } from '../append/recorded-parts.ts'
import { refusal } from '../append/refusal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { sql } from '../connection/sql.ts'
import { enterTenant } from './enter-tenant.ts'
import { openInline } from './open-inline.ts'

const Path = z.object({ path: z.string() })

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
    await closedToOthers(db, connection, tenantId, () =>
      inline.write(seen, (projection) => openInline(db, connection, tenantId, projection, 'plain')),
    )
  }
  return stored
}

/**
 * Keeps the context of inline projections, which may write their tables, from SQL that the user's work left behind: types in
 * pg_temp that our casts would find first, triggers and cursors that wait for the commit.
 */
async function closedToOthers(db: PgDatabase, connection: DatabaseTransactionConnection, tenantId: string, write: () => Promise<void>) {
  const { path } = await connection.one(sql.type(Path)`
    select current_setting('search_path') as path, set_config('search_path', 'pg_catalog, pg_temp', true) as pinned`)
  await write()
  await enterTenant(connection, db.schema, db.signer.sign([tenantId]), db.options.holdTimeoutMs)
  await connection.one(sql.type(Path)`select set_config('search_path', ${path}, true) as path`)
}

/** True when an append has events that some inline projection reads. */
export function readsInline(entry: AppendEntry, inline: InlineWriter | undefined): inline is InlineWriter {
  return inline !== undefined && entry.events.some(({ type }) => inline.types.has(type))
}
