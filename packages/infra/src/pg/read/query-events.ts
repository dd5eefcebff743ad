import { assertTenantId, assertTime, assertVersion, type EventFilter, type EventQueryOptions, type EventQueryPage } from '@cairn/core'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { parseEvents } from './event-row.ts'
import { assertLimit } from './read-log.ts'

const Page = z.object({ events: z.string().nullable(), more: z.boolean() })
const Counts = z.object({ counts: z.string() })

/** Answers `EventQueryPort.query`. */
export async function queryEvents(db: PgDatabase, filter: EventFilter, options: EventQueryOptions): Promise<EventQueryPage> {
  const { schema, signer, pools, gates } = db
  const limit = options.limit ?? 100
  assertLimit(limit, 1_000)
  assertTenantId(filter.tenantId)
  if (options.cursor !== undefined) assertVersion('cursor', options.cursor)
  for (const field of ['from', 'to'] as const) if (filter[field] !== undefined) assertTime(field, filter[field])
  const context = signer.sign([filter.tenantId])
  const page = await retryWhileUnavailable('a query', db.options.retryForMs, () =>
    gates.read.run(() =>
      pools.read.one(sql.prepared(`${schema}_query_events`, Page)`
        select events, more from ${sql.identifier([schema])}.query_events(${context.text}, ${context.signature}, ${filter.tenantId},
          ${filter.types === undefined ? null : textArray(filter.types)}::text[], ${filter.aggregateType ?? null}::text,
          ${filter.aggregateId ?? null}::text, ${filter.correlationId ?? null}::text, ${filter.workflowId ?? null}::text,
          ${filter.userId ?? null}::text, ${filter.projectId ?? null}::text, ${filter.from?.toISOString() ?? null}::timestamptz,
          ${filter.to?.toISOString() ?? null}::timestamptz, ${options.cursor ?? null}::bigint, ${options.order === 'newest-first'}::boolean,
          ${limit + 1}::int)`),
    ),
  )
  // One more than asked for tells whether there is another page; large events may not all have come.
  const read = parseEvents(page.events)
  const events = read.slice(0, limit)
  return { events, next: page.more || read.length > limit ? events.at(-1)?.position : undefined }
}

/** Answers `EventQueryPort.countByType`. */
export async function countByType(db: PgDatabase, tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
  const { schema, signer, pools, gates } = db
  assertTenantId(tenantId)
  const context = signer.sign([tenantId])
  const { counts } = await retryWhileUnavailable('a count', db.options.retryForMs, () =>
    gates.read.run(() =>
      pools.read.one(sql.prepared(`${schema}_count_events`, Counts)`
        select ${sql.identifier([schema])}.count_events(${context.text}, ${context.signature}, ${tenantId}) as counts`),
    ),
  )
  const rows: readonly (readonly [type: string, count: number])[] = JSON.parse(counts)
  return rows.map(([type, count]) => ({ type, count }))
}
