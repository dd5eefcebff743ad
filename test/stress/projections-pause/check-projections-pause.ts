import type { FaultPoint } from '@cairn/core'
import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { countWriters, watchCommits, type WriterCounts } from '../projections/commit-log.ts'
import { livePoints } from '../projections/live-points.ts'
import { mails, type MailCounts } from '../projections/mails.ts'
import type { Plant } from '../projections/plants.ts'
import { ShopRig } from '../projections/shop-rig.ts'
import { measureFailovers } from './measure-failovers.ts'
import { pauseHolders } from './pause-holders.ts'

export interface ProjectionsPauseOptions {
  /** Pauses at each point. */
  readonly rounds: number
  readonly failovers: number
  /** Of the processes that are paused, milliseconds. */
  readonly leaseMs: number
  /** How long a failover may take, milliseconds. @default 5_000 */
  readonly failoverMs?: number | undefined
  readonly seed: number
  readonly plant?: Plant | undefined
  /** Where to pause. @default everywhere */
  readonly points?: readonly FaultPoint[] | undefined
}

export interface ProjectionsPauseVerdict extends Verdict, WriterCounts {
  /** Pauses by point, of processes that held partitions. */
  readonly pauses: Readonly<Partial<Record<FaultPoint, number>>>
  /** Commits of paused processes under the fences that they were paused with, seen when they went on. */
  readonly pausedCommits: number
  /** Partitions of paused processes that no other one went on with. */
  readonly notGoneOn: number
  /** From SIGKILL of a holder to another's first commit, for the slowest of its partitions; leases as the engine sets them. Milliseconds. */
  readonly failoverMs: readonly number[]
  readonly rows: number
  readonly mismatches: number
  readonly lost: number
  readonly doubled: number
  readonly reordered: number
  readonly failures: readonly string[]
  readonly seconds: number
  readonly control: {
    /** Effects that came twice where nobody checks the fence. */
    readonly doubled: number
  }
}

/** Pauses a process with SIGSTOP wherever it may be, lets another take over, and wakes it up again. */
export async function checkProjectionsPause(
  database: CheckDatabase,
  options: ProjectionsPauseOptions,
  onStep: OnStep = silent,
): Promise<ProjectionsPauseVerdict> {
  const started = performance.now()
  const { rounds, failovers, failoverMs = 5_000, points = livePoints } = options
  const endings = new Endings()
  try {
    const rig = endings.add(await ShopRig.open(database, options), (opened) => opened.close())
    await watchCommits(rig.admin, database)
    const paused = await pauseHolders(rig, points, rounds, options.leaseMs, onStep)
    const failover = await measureFailovers(rig, failovers, onStep)
    onStep('comparing with the fold of the log')
    const found = await rig.judge()
    const writers = await countWriters(rig.admin)
    const control = await withoutFence(database, options.leaseMs, onStep)
    const failures = [...paused.failures, ...failover.failures, ...found.failures]
    const { pauses, pausedCommits, notGoneOn } = paused
    return {
      ok:
        points.every((point) => (pauses[point] ?? 0) >= rounds) &&
        pausedCommits + notGoneOn + writers.lateCommits + writers.strayWrites + failures.length === 0 &&
        found.mismatches + found.lost + found.doubled + found.reordered === 0 &&
        found.rows > 0 &&
        failover.tookMs.length === failovers &&
        failover.tookMs.every((ms) => ms < failoverMs) &&
        control.doubled > 0,
      pauses,
      pausedCommits,
      notGoneOn,
      ...writers,
      failoverMs: failover.tookMs,
      ...found,
      failures,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { doubled: control.doubled },
    }
  } finally {
    await endings.end()
  }
}

async function withoutFence(near: CheckDatabase, leaseMs: number, onStep: OnStep): Promise<MailCounts> {
  onStep('control: nobody checks the fence')
  const endings = new Endings()
  try {
    const database = endings.add(await createCheckDatabase(near.url), ({ drop }) => drop())
    const rig = endings.add(await ShopRig.open(database, { seed: 1, leaseMs, plant: 'no-fence' }), (opened) => opened.close())
    await watchCommits(rig.admin, database)
    await pauseHolders(rig, ['batch-handled'], 1, leaseMs, onStep, mails)
    return await rig.countMails()
  } finally {
    await endings.end()
  }
}
