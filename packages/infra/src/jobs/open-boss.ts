import { SchemaVersionError, type LoggerPort } from '@cairn/core'
import { PgBoss, type Job, type JobResult } from 'pg-boss'
import type { PgDatabase } from '../pg/connection/pg-database.ts'
import { retryWhileUnavailable } from '../pg/connection/retry.ts'
import type { JobData } from './job-data.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

export interface BossParts {
  readonly db: PgDatabase
  readonly jobsSchema: string
  readonly options: ResolvedPgBossOptions
  readonly work: (jobs: readonly Job<JobData>[]) => Promise<JobResult[]>
  readonly logger: LoggerPort
}

export interface RunningBoss {
  readonly boss: PgBoss
  /** Has all workers of this process look for jobs at once. */
  wake(): void
  /** Lets what is under way end. */
  stop(): Promise<void>
}

/**
 * pg-boss on connections of its own, as the worker role, with its workers running.
 * @throws SchemaVersionError, DatabaseUnavailableError
 */
export async function openBoss({ db, jobsSchema, options, work, logger }: BossParts): Promise<RunningBoss> {
  const boss = await retryWhileUnavailable('the jobs', db.options.retryForMs, () => start(db, jobsSchema, options, logger))
  try {
    if ((await boss.getQueue(options.queue)) === null) throw notReady(jobsSchema, `it has no queue "${options.queue}"`)
    const ids: string[] = []
    const wake = (): void => {
      for (const id of ids) boss.notifyWorker(id)
    }
    const { workers, batchSize, pollMs } = options
    for (let i = 0; i < workers; i++) {
      const id = await boss.work<
        JobData,
        unknown,
        { readonly batchSize: number; readonly perJobResults: true; readonly pollingIntervalSeconds: number }
      >(options.queue, { batchSize, perJobResults: true, pollingIntervalSeconds: pollMs / 1_000 }, async (jobs) => {
        const results = await work(jobs)
        wake()
        return results
      })
      ids.push(id)
    }
    return { boss, wake, stop: () => boss.stop({ graceful: true, timeout: options.stopTimeoutMs }) }
  } catch (error) {
    await boss.stop({ graceful: false })
    throw error
  }
}

async function start(db: PgDatabase, jobsSchema: string, options: ResolvedPgBossOptions, logger: LoggerPort): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: db.workerAddress,
    application_name: 'cairn jobs',
    max: options.poolSize,
    schema: jobsSchema,
    migrate: false,
    schedule: false,
    // How soon the jobs of a dead worker are noticed, and old ones go.
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    maintenanceIntervalSeconds: 60,
    // These want the owner of the tables.
    reindex: false,
    monitorVacuum: false,
  })
  boss.on('error', (error) => logger.warn('pg-boss met an error; it goes on.', { error }))
  boss.on('warning', ({ message, data }) => logger.warn(message, { data }))
  try {
    await boss.start()
    return boss
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined)
    if (error instanceof Error && /not installed|requires migrations/.test(error.message)) throw notReady(jobsSchema, error.message)
    throw error
  }
}

function notReady(jobsSchema: string, problem: string): SchemaVersionError {
  return new SchemaVersionError(
    `The schema "${jobsSchema}" of the jobs is not ready: ${problem}. Start one process whose login may become the owner, or name that login (ownerUrl, CAIRN_OWNER_URL).`,
    { schema: jobsSchema },
  )
}
