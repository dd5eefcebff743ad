import { setTimeout as sleep } from 'node:timers/promises'
import { PgEventStore } from '@cairn/infra/pg'
import { caughtUp } from '../projections/catch-up.ts'
import { ShopRig } from '../projections/shop-rig.ts'
import { watchView } from '../projections/watch-view.ts'
import { openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { ratioOf, type LatencySummary } from '../support/latencies.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { OrderLoad, type Load } from './order-load.ts'

export interface RebuildLoadOptions {
  readonly rounds: number
  /** Orders a second. */
  readonly rate: number
  /** In the log before the first rebuild. */
  readonly events: number
  readonly idleSeconds: number
  /** How many of the idle p99s an append may take while a rebuild runs, and how many milliseconds. */
  readonly slower: number
  readonly p99Ms: number
  readonly seed: number
  /** Rebuilds that empty the live tables. */
  readonly plant?: boolean | undefined
}

export interface RebuildLoadVerdict extends Verdict {
  /** Rebuilds that came to their end. */
  readonly rebuilds: number
  /** Appends without a rebuild, by their due time. */
  readonly idle: Load
  /** Of all rounds. */
  readonly worst: LatencySummary
  readonly medianP99Ms: number
  /** The worst p99 to the idle one. */
  readonly ratio: number
  /** Rounds whose p99 was above the limits. */
  readonly slowRounds: number
  readonly failedAppends: number
  /** Looks at the view that saw fewer orders than the one before. */
  readonly incompleteReads: number
  readonly mismatches: number
  readonly failures: readonly string[]
  readonly seconds: number
  readonly control: {
    /** The same looks while the live tables are emptied and filled again. */
    readonly incompleteReads: number
  }
}

/** Without anything moving. */
const patienceMs = 30_000
const controlTries = 10

/** Rebuilds over and over, by the command, while orders come in at a steady rate and a reader looks. */
export async function checkRebuildLoad(
  database: CheckDatabase,
  options: RebuildLoadOptions,
  onStep: OnStep = silent,
): Promise<RebuildLoadVerdict> {
  const started = performance.now()
  const { rounds, rate, events, idleSeconds, slower, p99Ms, seed, plant = false } = options
  const endings = new Endings()
  try {
    const viewer = endings.add(await openAdmin(database.url), (client) => client.end())
    const rig = endings.add(await ShopRig.open(database, { seed }), (opened) => opened.close())

    onStep(`${events} events before the first rebuild`)
    await rig.writer.write(events)
    rig.startApp()
    await caughtUp(rig.admin, database, rig.writer.position, patienceMs)

    const load = new OrderLoad(new PgEventStore(rig.db), rate)
    onStep('no rebuild')
    const { load: idle } = await load.during(() => sleep(idleSeconds * 1_000))

    const failures: string[] = []
    const rebuildOnce = async (inPlace: boolean): Promise<Load> => {
      const run = await load.during(() => rig.startCommand('--all', ...(inPlace ? ['--in-place'] : [])).ended)
      const { code, stderr, stdout } = run.result
      if (code !== 0) failures.push(`rebuild-projections ended with code ${code}: ${(stderr || stdout).slice(-500)}`)
      return run.load
    }
    const looking = watchView(viewer, database)
    const loads: Load[] = []
    for (let round = 1; round <= rounds; round++) {
      onStep(`rebuild ${round} of ${rounds}`)
      loads.push(await rebuildOnce(plant))
    }
    await looking.stop()

    onStep('comparing')
    const { done, behind } = await caughtUp(rig.admin, database, load.position, patienceMs)
    if (!done) failures.push(`Not caught up: ${behind}`)
    const { mismatches } = await rig.judge()

    onStep('control: live tables that are emptied')
    const seeing = watchView(viewer, database)
    // A quick one may be over between two looks.
    for (let tries = 0; tries < controlTries && seeing.incompleteReads() === 0; tries++) await rebuildOnce(true)
    await seeing.stop()

    const worst = loads.reduce((most, one) => (one.p99Ms > most.p99Ms ? one : most), loads[0] ?? idle)
    const slowRounds = loads.filter((one) => one.p99Ms > p99Ms || ratioOf(one, idle) > slower).length
    const failedAppends = [idle, ...loads].reduce((sum, { failed }) => sum + failed, 0)
    const control = { incompleteReads: seeing.incompleteReads() }
    const incompleteReads = looking.incompleteReads()
    return {
      ok:
        failures.length + slowRounds + failedAppends + incompleteReads + mismatches === 0 &&
        loads.length === rounds &&
        control.incompleteReads > 0,
      rebuilds: loads.length,
      idle,
      worst,
      medianP99Ms: loads.map((one) => one.p99Ms).toSorted((a, b) => a - b)[Math.floor(loads.length / 2)] ?? 0,
      ratio: ratioOf(worst, idle),
      slowRounds,
      failedAppends,
      incompleteReads,
      mismatches,
      failures,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control,
    }
  } finally {
    await endings.end()
  }
}
