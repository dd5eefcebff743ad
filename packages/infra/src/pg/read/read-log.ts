import { assertTenantId, assertVersion, InvalidInputError, type LogPage, type ReadAllOptions } from '@cairn/core'
import { z } from 'zod'
import { textArray } from '../connection/array-literal.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { parseEvents } from './event-row.ts'

const Page = z.object({ horizon: z.int(), events: z.string().nullable(), next: z.int() })

/** A page of the log up to the horizon: one tenant's as the application, every tenant's as the worker. */
export async function readLog(db: PgDatabase, options: ReadAllOptions): Promise<LogPage> {
  const { schema, signer, pools, gates } = db
  const after = options.after ?? 0
  const limit = options.limit ?? 1_000
  assertVersion('after', after)
  assertLimit(limit, 10_000)
  const types = options.types === undefined ? null : textArray(options.types)
  const { tenantId } = options
  if (tenantId !== undefined) assertTenantId(tenantId)
  const name = sql.identifier([schema])
  const page = await retryWhileUnavailable('reading the log', db.options.retryForMs, () => {
    if (tenantId === undefined) {
      return gates.worker.run(() =>
        pools.worker.one(sql.prepared(`${schema}_read_log`, Page)`
          select horizon, events, next from ${name}.read_log(${after}::bigint, ${limit}::int, ${types}::text[], null)`),
      )
    }
    const context = signer.sign([tenantId])
    return gates.read.run(() =>
      pools.read.one(sql.prepared(`${schema}_read_tenant_log`, Page)`
        select horizon, events, next from ${name}.read_tenant_log(
          ${context.text}, ${context.signature}, ${tenantId}, ${after}::bigint, ${limit}::int, ${types}::text[])`),
    )
  })
  return { events: parseEvents(page.events), next: page.next, horizon: page.horizon }
}

/** @throws InvalidInputError unless 1..most */
export function assertLimit(limit: number, most: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return
  throw new InvalidInputError('limit', `limit must be a whole number from 1 to ${most}, not ${limit}.`)
}
