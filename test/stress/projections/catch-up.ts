import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'

export interface CatchUp {
  /** Whether everything was done in time. */
  readonly done: boolean
  /** Partitions that are not at the end, or hold parked events. */
  readonly behind: string
}

/**
 * Waits until every live or plain subscription has handled everything up to a position, trying parked events again on the way; gives
 * up when nothing has moved for a while.
 */
export async function caughtUp(admin: Client, { schema }: CheckDatabase, position: number, patienceMs: number): Promise<CatchUp> {
  let last = { behind: '', at: performance.now() }
  for (;;) {
    await admin.query(`update ${schema}.parked_events set request = 'retry' where request is null and status = 'parked'`)
    const { behind } = await only<{ behind: string | null }>(
      admin,
      `select string_agg(format('%s/%s/%s %s at %s with %s parked: %s', p.name, p.generation, p.partition, p.state, p.checkpoint,
                (select count(*) from ${schema}.parked_events e
                  where (e.name, e.generation, e.partition) = (p.name, p.generation, p.partition)), p.failure ->> 'message'), '; '
                order by p.name, p.generation, p.partition) as behind
         from ${schema}.subscription_partitions p
        where p.state not in ('retired', 'rebuilding')
          and (p.checkpoint < $1
               or exists (select from ${schema}.parked_events e
                           where (e.name, e.generation, e.partition) = (p.name, p.generation, p.partition)))`,
      [position],
    )
    if (behind === null) return { done: true, behind: '' }
    if (behind !== last.behind) last = { behind, at: performance.now() }
    if (performance.now() - last.at > patienceMs) return { done: false, behind }
    await sleep(100)
  }
}
