import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { lineAdded } from '../../workload/payload.ts'
import type { CarriedOut, Job } from '../job.ts'
import { until } from '../until.ts'
import { storedAtOnce } from './async-commands.ts'

/** As `pgBoss()` has it: batches, workers, connections, polling and being woken. */
const workers = 2
const batchSize = 128
const queue = 'bare'

/** Bare jobs of pg-boss whose handler does one INSERT, from the first job's insert until the last one is completed. */
export async function bareJobs({ url, policy, commands, aggregates }: Extract<Job, { kind: 'bare-jobs' }>): Promise<CarriedOut> {
  const pool = new Pool({ connectionString: url, max: 8 })
  await pool.query('create table done (id bigint generated always as identity primary key, basket_id text, line jsonb)')
  const boss = new PgBoss({ connectionString: url, max: 4, schedule: false, superviseIntervalSeconds: 2, monitorIntervalSeconds: 2 })
  // As unheard events they would end the process; what went wrong shows in what is missing.
  boss.on('error', () => undefined)
  pool.on('error', () => undefined)
  await boss.start()
  await boss.createQueue(queue, { policy, heartbeatSeconds: 10, retryLimit: 10, retryBackoff: true })
  const ids: string[] = []
  const wake = (): void => {
    for (const id of ids) boss.notifyWorker(id)
  }
  let done = 0
  for (let i = 0; i < workers; i++) {
    ids.push(
      await boss.work<{ readonly basketId: string; readonly line: unknown }>(
        queue,
        { batchSize, pollingIntervalSeconds: 0.5 },
        async (jobs) => {
          await Promise.all(
            jobs.map(({ data }) =>
              pool.query({ name: 'done', text: 'insert into done (basket_id, line) values ($1, $2)', values: [data.basketId, data.line] }),
            ),
          )
          done += jobs.length
          wake()
        },
      ),
    )
  }
  try {
    const jobs = Array.from({ length: commands }, (_, n) => {
      const basketId = `basket-${n % aggregates}`
      const data = { basketId, line: lineAdded(n) }
      return policy === 'standard' ? { data } : { data, singletonKey: basketId }
    })
    const began = performance.now()
    for (let i = 0; i < commands; i += storedAtOnce) {
      await boss.insert(queue, jobs.slice(i, i + storedAtOnce))
      wake()
    }
    await until(async () => {
      if (done < commands) return false
      const { rowCount } = await pool.query(
        "select from pgboss.job where name = 'bare' and state in ('created', 'retry', 'active') limit 1",
      )
      return rowCount === 0
    })
    const seconds = (performance.now() - began) / 1000
    const { rows } = await pool.query<{ effects: number }>('select count(*)::int as effects from done')
    return { commands, seconds, effects: rows[0]?.effects ?? 0 }
  } finally {
    await boss.stop()
    await pool.end()
  }
}
