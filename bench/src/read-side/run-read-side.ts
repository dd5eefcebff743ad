import { openServer } from '../cli/server.ts'
import { statementSettings } from '../profile/server-statements.ts'
import { Databases } from '../runner/databases.ts'
import type { ReadRowId } from './read-rows.ts'
import type { ReadSide } from './read-report.ts'
import { runAsync } from './run-async.ts'
import { runFanOut } from './run-fan-out.ts'
import { runRebuild, type ReadRunOptions } from './run-rebuild.ts'
import { runTail } from './run-tail.ts'
import { runTemporal } from './run-temporal.ts'

/** Runs the read side's rows. @param url the server that was named, if any */
export async function runReadSide(ids: readonly ReadRowId[], url: string | undefined, options: ReadRunOptions): Promise<ReadSide> {
  const step = (row: ReadRowId): ReadRunOptions => ({ ...options, onStep: (text) => options.onStep(`${row}  ${text}`) })
  return {
    ...(ids.includes('rebuild') ? { rebuild: await runRebuild(step('rebuild')) } : {}),
    ...(ids.includes('tail') ? { tail: await runTail(step('tail')) } : {}),
    ...(ids.includes('async') ? { async: await runAsync(step('async')) } : {}),
    ...(ids.includes('temporal') ? { temporal: await runTemporal(step('temporal')) } : {}),
    ...(ids.includes('fan-out')
      ? { fanOut: await onCountingServer(url, (databases) => runFanOut({ ...step('fan-out'), databases })) }
      : {}),
  }
}

/** Counting statements costs time, so the other rows' server does not do it. */
async function onCountingServer<T>(url: string | undefined, work: (databases: Databases) => Promise<T>): Promise<T> {
  const server = await openServer(url, statementSettings)
  const databases = await Databases.open(server.url)
  try {
    return await work(databases)
  } finally {
    await databases.close()
    await server.close()
  }
}
