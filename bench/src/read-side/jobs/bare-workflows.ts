import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@cairn/core'
import { installTemporalRuntime } from '@cairn/infra/temporal'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { Pool } from 'pg'
import { inParallel } from '../../contestants/in-parallel.ts'
import type { CarriedOut, Job } from '../job.ts'
import { bareActivities } from '../temporal/bare-activities.ts'
import type { oneActivity, oneLocalActivity } from '../temporal/bare-workflows.ts'
import { tuning, warmUp } from '../temporal/worker-settings.ts'

/** Workflows with one activity that does one INSERT, from the first one's start until the last one's result is here. */
export async function bareWorkflows({
  url,
  address,
  activity,
  inFlight,
  commands,
}: Extract<Job, { kind: 'bare-workflows' }>): Promise<CarriedOut> {
  const pool = new Pool({ connectionString: url, max: 10 })
  pool.on('error', () => undefined)
  await pool.query('create table done (id int generated always as identity primary key, n int, line jsonb)')
  installTemporalRuntime(silentLogger)
  const connection = await NativeConnection.connect({ address })
  const taskQueue = `bare-${randomUUID()}`
  const worker = await Worker.create({
    ...tuning,
    connection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../temporal/bare-workflows.ts', import.meta.url)),
    activities: bareActivities(pool),
  })
  const running = worker.run()
  // Awaited at the end; whoever waits for a result meets it earlier.
  running.catch(() => undefined)
  const clientConnection = await Connection.connect({ address })
  const client = new Client({ connection: clientConnection })
  const workflowType: keyof BareWorkflows = activity === 'activity' ? 'oneActivity' : 'oneLocalActivity'
  const run = (n: number): Promise<number> =>
    client.workflow.execute<BareWorkflows[typeof workflowType]>(workflowType, { args: [n], taskQueue, workflowId: `${taskQueue}-${n}` })
  try {
    await run(warmUp)
    const results = new Map<number, number>()
    const began = performance.now()
    await inParallel(commands, inFlight, async (n) => {
      results.set(n, await run(n))
    })
    const seconds = (performance.now() - began) / 1000
    const { rows } = await pool.query<{ id: number; n: number }>('select id, n from done where n <> $1', [warmUp])
    const own = rows.filter(({ id, n }) => results.get(n) === id)
    return { commands, seconds, effects: rows.length === commands ? own.length : rows.length }
  } finally {
    worker.shutdown()
    await running
    await clientConnection.close()
    await connection.close()
    await pool.end()
  }
}

interface BareWorkflows {
  readonly oneActivity: typeof oneActivity
  readonly oneLocalActivity: typeof oneLocalActivity
}
