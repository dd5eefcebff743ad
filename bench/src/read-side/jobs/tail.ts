import type { Job, TailWritten } from '../job.ts'
import { machineMs, openLoop } from '../open-loop.ts'
import { openReadingApp } from '../reading-app.ts'
import { tailRows } from '../tail-rows.ts'

/** Appends of the warm-up; their rows are seen, and not counted. */
const warmUpSeconds = 2

/** Writes and projects in one process, by the clock; whoever looks at the rows is somebody else. */
export async function tail({ url, schema, rate, seconds }: Extract<Job, { kind: 'tail' }>): Promise<TailWritten> {
  const app = await openReadingApp(url, schema, [tailRows])
  await openLoop(rate, warmUpSeconds, async (n) => void (await app.append(`warm-${n}`, n)))
  const scheduled: number[] = []
  const acknowledged: number[] = []
  const positions: number[] = []
  let failed = 0
  await openLoop(rate, seconds, async (n, at) => {
    try {
      positions[n] = await app.append(`tail-${n}`, n)
      acknowledged[n] = machineMs()
      scheduled[n] = at
    } catch {
      failed++
    }
  })
  await app.caughtUp(Math.max(...positions))
  await app.stop()
  return { scheduled, acknowledged, positions, failed }
}
