import { closeSync, openSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { System } from '../contestants/contestant.ts'
import { runProfile } from '../profile/run-profile.ts'
import { statementSettings } from '../profile/server-statements.ts'
import { Progress } from '../progress.ts'
import { readFailed, readTargets } from '../read-side/read-report.ts'
import type { ReadRowId } from '../read-side/read-rows.ts'
import { runReadSide } from '../read-side/run-read-side.ts'
import type { ReadSizes } from '../read-side/sizes.ts'
import { machineOf, measureForeignLoad, versionsOf } from '../report/machine.ts'
import { figuresTable, printReport } from '../report/tables.ts'
import { jsonRow, type JsonRow, type Report } from '../report/to-json.ts'
import type { Row } from '../rows/row.ts'
import { Databases } from '../runner/databases.ts'
import { runOrder } from '../runner/run-order.ts'
import { runRow, type RunOptions } from '../runner/run-row.ts'
import { openServer } from './server.ts'

export interface BenchOptions extends ReadSizes {
  readonly json?: string
  readonly rounds: number
  readonly seconds: number
  readonly url?: string
  readonly systems: readonly System[]
  readonly profile?: System
  readonly order: boolean
  readonly check?: true
}

/** Runs the rows and prints what came out; sets the exit code. */
export async function bench(rows: readonly Row[], readIds: readonly ReadRowId[], options: BenchOptions): Promise<void> {
  // A file that cannot be written is found now, not after a quarter of an hour.
  if (options.json !== undefined) closeSync(openSync(options.json, 'a'))
  const abort = new AbortController()
  const interrupt = (): void => abort.abort(new Error('Interrupted; the databases of this run were dropped.'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const server = await openServer(options.url, options.profile === undefined ? {} : statementSettings)
  const databases = await Databases.open(server.url)
  const progress = new Progress(rows.length * (options.rounds + 1) + 1 + readIds.length)
  try {
    const settings = await databases.settings()
    if (settings['fsync'] !== 'on') throw new Error('The server runs with fsync off: figures taken so say nothing. Turn it on.')
    if (options.profile !== undefined) {
      const [row] = rows
      if (row === undefined) return
      const file = join(tmpdir(), `cairn-bench-${row.id}-${options.profile}-${process.pid}.cpuprofile`)
      await runProfile({ row, system: options.profile, seconds: options.seconds, databases, file, onStep: (text) => progress.step(text) })
      return
    }
    const foreignLoad = await measureForeignLoad()
    const run = (prefix: string): RunOptions => ({
      rounds: options.rounds,
      seconds: options.seconds,
      systems: options.systems,
      databases,
      signal: abort.signal,
      onStep: (text) => progress.step(`${prefix}  ${text}`),
    })
    const done: JsonRow[] = []
    for (const [i, row] of rows.entries()) {
      done.push(jsonRow(await runRow(row, run(`row ${i + 1}/${rows.length} ${row.id}`))))
      progress.end()
      const last = done.at(-1)
      // On a terminal each row shows at once; the whole table follows at the end.
      if (last !== undefined && process.stderr.isTTY) process.stderr.write(`${figuresTable([last])}\n`)
    }
    const order = options.order && rows.length > 0 ? await runOrder(run('order')) : []
    const { rounds, systems } = options
    const read = await runReadSide(readIds, options.url, {
      sizes: options,
      rounds,
      systems,
      databases,
      signal: abort.signal,
      onStep: (text) => progress.step(text),
    })
    progress.end()
    const report: Report = {
      machine: machineOf(settings, foreignLoad),
      versions: versionsOf(),
      settings: { rounds: options.rounds, seconds: options.seconds, at: new Date().toISOString() },
      rows: done,
      order,
      ...(readIds.length > 0 ? { readSide: { ...read, sizes: sizesOf(options), targets: readTargets(read) } } : {}),
    }
    printReport(report)
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (failed(report) || (options.check === true && missed(report))) process.exitCode = 1
  } catch (error) {
    progress.end()
    if (!abort.signal.aborted) throw error
    console.error('Interrupted; the databases of this run are dropped.')
    process.exitCode = 130
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await databases.close()
    await server.close()
  }
}

function sizesOf(options: ReadSizes): ReadSizes {
  const { events, rows, emmettEvents, peerEvents, memory, rate, tailSeconds, projections, asyncCommands, temporalCommands } = options
  return { events, rows, emmettEvents, peerEvents, memory, rate, tailSeconds, projections, asyncCommands, temporalCommands }
}

/** Cairn itself lost something: no figure excuses that. */
function failed(report: Report): boolean {
  return (
    (report.readSide !== undefined && readFailed(report.readSide)) ||
    report.rows.some((row) => row.series.some((s) => s.system === 'cairn' && s.problem !== null)) ||
    report.order.some((o) => o.system === 'cairn' && (o.lost !== 0 || o.doubled !== 0 || o.inverted !== 0))
  )
}

function missed(report: Report): boolean {
  return [...report.rows, ...(report.readSide === undefined ? [] : [report.readSide])].some(({ targets }) =>
    targets.some((target) => target.met !== true),
  )
}
