import { migrate } from '@cairn/infra/pg'
import { startCounting } from '../profile/server-statements.ts'
import type { FannedOut } from './job.ts'
import { runJob } from './run-job.ts'
import type { ReadRunOptions } from './run-rebuild.ts'

/** Appends per second while it is counted: slow enough that every projection stays at the head. */
const rate = 200

export interface FanOutResult {
  readonly projections: number
  readonly one: FannedOut
  readonly many: FannedOut
}

/** The same appends with one projection and with many; compared is what was read of the log. */
export async function runFanOut({ databases, sizes, signal, onStep }: ReadRunOptions): Promise<FanOutResult> {
  const { schema } = databases
  const run = async (projections: number): Promise<FannedOut> => {
    const url = await databases.create(`fan-out-${projections}`)
    try {
      await migrate({ url, schema })
      if (!(await startCounting(url)))
        throw new Error('fan-out needs a server with pg_stat_statements in shared_preload_libraries; without --url it starts one.')
      await databases.settle(url)
      onStep(`${projections} projections`)
      return (await runJob({ kind: 'fan-out', url, schema, projections, rate, seconds: sizes.tailSeconds }, signal)).answer
    } finally {
      await databases.drop(url)
    }
  }
  return { projections: sizes.projections, one: await run(1), many: await run(sizes.projections) }
}
