import type { FaultPoint } from '@cairn/core'
import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { livePoints } from '../projections/live-points.ts'
import { mails } from '../projections/mails.ts'
import type { Plant } from '../projections/plants.ts'
import { ShopRig } from '../projections/shop-rig.ts'
import { killProcesses } from './kill-processes.ts'
import { killRebuilds, rebuildPoints } from './kill-rebuilds.ts'

export interface ProjectionsKillOptions {
  /** Kills at each point. */
  readonly rounds: number
  /** Of the log in the end, at least. */
  readonly events: number
  readonly seed: number
  readonly plant?: Plant | undefined
  /** Where to kill. @default everywhere */
  readonly points?: readonly FaultPoint[] | undefined
}

export interface ProjectionsKillVerdict extends Verdict {
  /** Kills by point, those alone that came while there was work under way. */
  readonly hits: Readonly<Partial<Record<FaultPoint, number>>>
  readonly events: number
  /** Rows of all projections in the end. */
  readonly rows: number
  /** Tables that are not the fold of the log, live or rebuilt. */
  readonly mismatches: number
  /** Effects of the handler that are missing, that came twice, and that came before those of earlier events. */
  readonly lost: number
  readonly doubled: number
  readonly reordered: number
  /** Looks at a view, while it was rebuilt, that saw fewer rows than the one before. */
  readonly incompleteReads: number
  /** Rebuilds that did not end well after a kill, or processes that did not catch up: what they said. */
  readonly failures: readonly string[]
  readonly seconds: number
  readonly control: {
    /** Effects that were lost where the checkpoint moves first, and that came twice where it moves last. */
    readonly lost: number
    readonly doubled: number
  }
}

/** Kills processes of the shop at every point of their work, then rebuilds; what is left must be the fold of the log. */
export async function checkProjectionsKill(
  database: CheckDatabase,
  options: ProjectionsKillOptions,
  onStep: OnStep = silent,
): Promise<ProjectionsKillVerdict> {
  const started = performance.now()
  const { rounds, events, points = [...livePoints, ...rebuildPoints] } = options
  const endings = new Endings()
  try {
    const rig = endings.add(await ShopRig.open(database, options), (opened) => opened.close())
    const live = await killProcesses(
      rig,
      livePoints.filter((point) => points.includes(point)),
      rounds,
      onStep,
    )
    await rig.writer.write(Math.max(0, events - rig.writer.events))
    const rebuilt = await killRebuilds(
      rig,
      rebuildPoints.filter((point) => points.includes(point)),
      rounds,
      onStep,
    )
    onStep('comparing with the fold of the log')
    const found = await rig.judge()
    const lost = await control(database, 'checkpoint-first', onStep)
    const doubled = await control(database, 'effects-first', onStep)
    const hits = { ...live.hits, ...rebuilt.hits }
    const failures = [...live.failures, ...rebuilt.failures, ...found.failures]
    return {
      ok:
        points.every((point) => (hits[point] ?? 0) >= rounds) &&
        failures.length + found.mismatches + found.lost + found.doubled + found.reordered + rebuilt.incompleteReads === 0 &&
        found.rows > 0 &&
        lost.lost > 0 &&
        doubled.doubled > 0,
      hits,
      ...found,
      incompleteReads: rebuilt.incompleteReads,
      failures,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control: { lost: lost.lost, doubled: doubled.doubled },
    }
  } finally {
    await endings.end()
  }
}

/** The same with a few kills, on commits that are two transactions. */
async function control(near: CheckDatabase, plant: Plant, onStep: OnStep): Promise<{ readonly lost: number; readonly doubled: number }> {
  onStep(`control: ${plant}`)
  const endings = new Endings()
  try {
    const database = endings.add(await createCheckDatabase(near.url), ({ drop }) => drop())
    const rig = endings.add(await ShopRig.open(database, { seed: 1, plant }), (opened) => opened.close())
    // Between the two transactions.
    await killProcesses(rig, ['committed'], 1, onStep, mails)
    return await rig.countMails()
  } finally {
    await endings.end()
  }
}
