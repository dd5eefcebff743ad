import { byAggregate, type CommandWorkerInfo } from '@cairn/core'
import type { PgBoss } from 'pg-boss'
import { z } from 'zod'
import { claimDue } from '../pg/commands/claim-due.ts'
import type { PgDatabase } from '../pg/connection/pg-database.ts'
import { retryWhileUnavailable } from '../pg/connection/retry.ts'
import { sql } from '../pg/connection/sql.ts'
import { lendTransaction } from '../pg/transaction/lend-transaction.ts'
import { bossConnection } from './boss-connection.ts'
import { LostJobsError } from './errors.ts'
import type { JobData } from './job-data.ts'
import { jobKey } from './job-key.ts'

const Waiting = z.object({ waiting: z.int() })

export interface HandedOver {
  readonly commands: number
  readonly jobs: number
  /** There are rows that nobody has admitted. */
  readonly raw: boolean
  /** So many jobs wait that nothing was handed over. */
  readonly full: boolean
}

export interface HandOverParts {
  readonly db: PgDatabase
  readonly boss: Pick<PgBoss, 'insert'>
  readonly schema: string
  readonly queue: string
  /** Who owns the rows from then on. */
  readonly owner: string
}

/**
 * Takes due commands and inserts their jobs, in one transaction: no row is consumed without a job, nor a job there without its rows.
 *
 * What is due of one aggregate goes into one job. pg-boss orders the jobs of one transaction by their ids, so commands with a job
 * each would come out of order; and until all of them are settled nothing further of that aggregate is claimed, so there is one
 * job for an aggregate at a time.
 */
export class HandOver {
  readonly #parts: HandOverParts

  constructor(parts: HandOverParts) {
    this.#parts = parts
  }

  /** Sent once: whether a lost connection had committed, the rows say. */
  async next({ types }: Pick<CommandWorkerInfo, 'types'>, limit: number, maxWaiting: number): Promise<HandedOver> {
    const { db, boss, schema, queue, owner } = this.#parts
    const { gates, pools } = db
    return retryWhileUnavailable('handing commands over', 0, () =>
      gates.commit.run(() =>
        gates.worker.run(() =>
          lendTransaction(pools.worker, async (connection) => {
            const { waiting } = await connection.one(
              sql.prepared(`${schema}_waiting_jobs`, Waiting)`
                select count(*)::int as waiting from (
                  select from ${sql.identifier([schema, 'job'])} where name = ${queue} and state < 'active' limit ${maxWaiting}) j`,
            )
            if (waiting >= maxWaiting) return { commands: 0, jobs: 0, raw: false, full: true }
            const { commands, raw } = await claimDue(connection, db.schema, { id: owner, types }, limit)
            const jobs = byAggregate(commands).flatMap((group) => {
              const [first] = group
              if (first === undefined) return []
              const data: JobData = { tenantId: first.command.tenantId, commandIds: group.map(({ command }) => command.id) }
              return [{ data, singletonKey: jobKey(first.command) }]
            })
            const ids = jobs.length === 0 ? [] : await boss.insert(queue, jobs, { db: bossConnection(connection), returnId: true })
            // It leaves out what it cannot insert, and says nothing.
            if (ids?.length !== jobs.length) throw new LostJobsError(queue, jobs.length, ids?.length ?? 0)
            return { commands: commands.length, jobs: jobs.length, raw, full: false }
          }),
        ),
      ),
    )
  }
}
