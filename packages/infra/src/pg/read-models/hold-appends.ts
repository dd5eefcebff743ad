import { NotCaughtUpError } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectionLock } from '../transaction/inline-locks.ts'
import type { GenerationRow } from './generation-rows.ts'
import type { OwnerSession } from './owner-session.ts'

const lookEveryMs = 5
/** Appends to inline projections wait no longer than this for a new generation, milliseconds. */
const longestHoldMs = 100

/**
 * Holds, to the end of the transaction, every append that would write to a projection's live inline tables, and lets the new
 * ones take in what was appended before. An append that waits for us may itself hold the log's horizon below what they lack:
 * the next try finds it gone.
 * @param catchUpMs how long the new ones are waited for; undefined: they need not have everything
 * @throws NotCaughtUpError
 */
export async function holdAppends(
  session: OwnerSession,
  to: GenerationRow,
  catchUpMs: number | undefined,
  tenantId?: string,
): Promise<void> {
  await session.query('select pg_advisory_xact_lock($1::bigint)', [projectionLock(session.schema, to.projection, 'switch')])
  if (catchUpMs !== undefined) {
    const until = performance.now() + Math.min(catchUpMs, longestHoldMs)
    let behind = await eventsBehind(session, to, tenantId)
    while (behind > 0 && performance.now() < until) {
      await sleep(lookEveryMs)
      behind = await eventsBehind(session, to, tenantId)
    }
    if (behind > 0) throw new NotCaughtUpError(to.projection, to.generation, behind)
  }
  await session.query('select from subscription_partitions where name = $1 and generation = $2 order by partition for update', [
    to.projection,
    to.generation,
  ])
}

/** From the lowest checkpoint to the newest event of the projection's types (and one tenant's) that is committed. */
export async function eventsBehind(session: OwnerSession, to: GenerationRow, tenantId?: string): Promise<number> {
  const [found] = await session.query<{ behind: string | null }>(
    `select (max(e.position) - c.checkpoint)::text as behind
       from (select min(checkpoint) as checkpoint from subscription_partitions where name = $1 and generation = $2) c
       join events e on e.position > c.checkpoint and ($3::text[] is null or e.type = any ($3)) and ($4::text is null or e.tenant_id = $4)
      group by c.checkpoint`,
    [to.projection, to.generation, to.types, tenantId ?? null],
  )
  return Number(found?.behind ?? 0)
}
