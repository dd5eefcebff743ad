import type { System } from '../contestants/contestant.ts'
import type { Databases } from '../runner/databases.ts'
import { median, rotated } from '../runner/statistics.ts'
import { migrate } from '@cairn/infra/pg'
import type { BuiltRows, Job, JobDone } from './job.ts'
import { digestOf, expectedDigest, fillCairn } from './made-log.ts'
import { runJob } from './run-job.ts'
import type { ReadSizes } from './sizes.ts'
import { withClient } from './with-client.ts'

export interface ReadRunOptions {
  readonly sizes: ReadSizes
  readonly rounds: number
  readonly systems: readonly System[]
  readonly databases: Databases
  readonly signal: AbortSignal
  readonly onStep: (text: string) => void
}

/** One way to come to the rows. */
export interface BuiltSeries {
  readonly name: string
  /** Events of the log. */
  readonly events: number
  /** Events per second, round by round. */
  readonly rates: number[]
  readonly peakMiB: number[]
  /** Why the figures do not count. */
  problem: string | undefined
}

export interface RebuildResult {
  readonly rows: number
  readonly series: readonly BuiltSeries[]
  /** Peak memory of a rebuild with one worker, by size of the log. */
  readonly memory: readonly { readonly events: number; readonly peakMiB: number; readonly problem: string | undefined }[]
}

interface Entrant {
  readonly series: BuiltSeries
  readonly url: string
  readonly job: Job & { readonly kind: 'cairn-rebuild' | 'sql-statement' | 'upserts' | 'emmett-rebuild' | 'evtstore-handler' }
}

export const seriesNames = { one: 'cairn, 1 worker', two: 'cairn, 2 workers', statement: 'one SQL statement', upserts: 'upserts, raw pg' }

/** Emmett reads 100 messages at once unless told otherwise. */
const emmettBatches = [100, 1_000]

/** Fills one log that grows from size to size, and builds from it in every way. */
export async function runRebuild(options: ReadRunOptions): Promise<RebuildResult> {
  const { databases, sizes, systems, onStep } = options
  const { schema } = databases
  const memory: { events: number; peakMiB: number; problem: string | undefined }[] = []
  const series: BuiltSeries[] = []
  const url = await databases.create('rebuild')
  try {
    await migrate({ url, schema })
    let filled = 0
    for (const size of [...new Set([...sizes.memory, sizes.events])].toSorted((a, b) => a - b)) {
      onStep(`log of ${size} events`)
      await withClient(url, (client) => fillCairn(client, schema, sizes.rows, filled, size))
      filled = size
      if (sizes.memory.includes(size)) {
        const one = entrant(seriesNames.one, size, url, { kind: 'cairn-rebuild', url, schema, workers: 1 })
        await build(one, options)
        memory.push({ events: size, peakMiB: Math.max(...one.series.peakMiB), problem: one.series.problem })
      }
      if (size === sizes.events) {
        const own = [
          ...(systems.includes('cairn')
            ? [
                entrant(seriesNames.one, size, url, { kind: 'cairn-rebuild', url, schema, workers: 1 }),
                entrant(seriesNames.two, size, url, { kind: 'cairn-rebuild', url, schema, workers: 2 }),
              ]
            : []),
          ...(systems.includes('floor') ? [entrant(seriesNames.statement, size, url, { kind: 'sql-statement', url, schema })] : []),
        ]
        for (let round = 0; round < options.rounds; round++) for (const one of rotated(own, round)) await build(one, options)
        series.push(...own.map((one) => one.series))
        if (systems.includes('floor')) {
          const events = Math.min(sizes.peerEvents, size)
          const slow = entrant(seriesNames.upserts, events, url, { kind: 'upserts', url, schema, events })
          await build(slow, options)
          series.push(slow.series)
        }
      }
    }
  } finally {
    await databases.drop(url)
  }
  if (systems.includes('emmett')) {
    series.push(
      await fastest(
        options,
        sizes.emmettEvents,
        emmettBatches.map((batchSize) => ({
          name: `emmett, batches of ${batchSize}`,
          jobOf: (at, events) => ({ kind: 'emmett-rebuild', url: at, events, rows: sizes.rows, batchSize }),
        })),
      ),
    )
  }
  if (systems.includes('evtstore')) {
    series.push(
      await fastest(
        options,
        sizes.peerEvents,
        (['pg', 'postgres.js'] as const).map((driver) => ({
          name: `evtstore, ${driver}`,
          jobOf: (at, events) => ({ kind: 'evtstore-handler', url: at, events, rows: sizes.rows, driver }),
        })),
      ),
    )
  }
  return { rows: sizes.rows, series, memory }
}

function entrant(name: string, events: number, url: string, job: Entrant['job']): Entrant {
  return { series: { name, events, rates: [], peakMiB: [], problem: undefined }, url, job }
}

interface Way {
  readonly name: string
  jobOf(url: string, events: number): Entrant['job']
}

/** Each way of a peer on a tenth of the events, then the fastest once on all: at its rates more rounds would take longer than all else. */
async function fastest(options: ReadRunOptions, events: number, ways: readonly Way[]): Promise<BuiltSeries> {
  const trials: { readonly way: Way; readonly rate: number }[] = []
  for (const way of ways) trials.push({ way, rate: (await inOwnDatabase(options, way, Math.ceil(events / 10))).rates[0] ?? 0 })
  const [best] = trials.toSorted((a, b) => b.rate - a.rate)
  if (best === undefined) throw new Error('A peer needs a way to run.')
  return inOwnDatabase(options, best.way, events)
}

async function inOwnDatabase(options: ReadRunOptions, { name, jobOf }: Way, events: number): Promise<BuiltSeries> {
  const url = await options.databases.create('rebuild-peer')
  try {
    const one = entrant(name, events, url, jobOf(url, events))
    await build(one, options)
    return one.series
  } finally {
    await options.databases.drop(url)
  }
}

/** Builds once and compares every row with what the events' numbers say. */
async function build({ series, url, job }: Entrant, { databases, sizes, signal, onStep }: ReadRunOptions): Promise<void> {
  onStep(`${series.name}, ${series.events} events`)
  await databases.settle(url)
  let done: JobDone<BuiltRows>
  try {
    done = await runJob(job, signal)
  } catch (error) {
    signal.throwIfAborted()
    series.problem ??= error instanceof Error ? error.message : String(error)
    return
  }
  const { answer, peakMiB } = done
  series.rates.push(answer.events / answer.seconds)
  series.peakMiB.push(peakMiB)
  onStep(`${series.name}, ${series.events} events: ${Math.round(answer.events / answer.seconds)}/s, ${peakMiB} MiB`)
  if (answer.events !== series.events) series.problem ??= `${answer.events} events were handled, not ${series.events}.`
  await withClient(url, async (client) => {
    const digest = async (sql: string) => (await client.query<{ rows: number; hash: string }>(sql)).rows[0]
    const found = await digest(digestOf(answer.table))
    const wanted = await digest(expectedDigest(sizes.rows, series.events))
    if (found?.hash !== wanted?.hash) series.problem ??= `${found?.rows} rows are not the ${wanted?.rows} that the events come to.`
  })
}

/** The median of what counts; undefined when nothing does. */
export function rateOf({ series }: RebuildResult, prefix: string): number | undefined {
  const rates = series.filter((one) => one.name.startsWith(prefix) && one.problem === undefined && one.rates.length > 0)
  return rates.length === 0 ? undefined : Math.max(...rates.map((one) => median(one.rates)))
}
