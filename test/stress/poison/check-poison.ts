import { createCheckDatabase, type CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { poisonAndHeal, type Poisoned } from './poison-and-heal.ts'

export interface PoisonOptions {
  readonly streams: number
  readonly entries: number
  /** Later entries go on without the poisoned one. */
  readonly plant?: boolean | undefined
}

export interface PoisonVerdict extends Verdict, Poisoned {
  readonly seconds: number
  readonly control: {
    /** Tables that are not the fold of the log where later events of the key do not wait. */
    readonly mismatches: number
  }
}

/** Poisons one ledger of many, looks at the others, fixes the code, and has everything tried again. */
export async function checkPoison(database: CheckDatabase, options: PoisonOptions, onStep: OnStep = silent): Promise<PoisonVerdict> {
  const started = performance.now()
  const { streams, entries, plant = false } = options
  const found = await poisonAndHeal(database, { streams, entries, blockKey: !plant }, onStep)
  onStep('control: later events of the key do not wait')
  const control = await withoutBlocking(database, onStep)
  return {
    ok:
      found.othersBehind + found.poisonedWentOn + found.mismatches + found.mismatchesRebuilt === 0 &&
      found.rows === 2 * streams &&
      found.parked === 1 &&
      found.waiting === entries &&
      found.statusExitCode === 1 &&
      found.rebuildExitCode === 1 &&
      found.rebuildNamesIt &&
      found.strictStopped === 1 &&
      found.healed &&
      found.healedExitCodes.every((code) => code === 0) &&
      control.mismatches > 0,
    ...found,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    control: { mismatches: control.mismatches },
  }
}

async function withoutBlocking(near: CheckDatabase, onStep: OnStep): Promise<Poisoned> {
  const endings = new Endings()
  try {
    const database = endings.add(await createCheckDatabase(near.url), ({ drop }) => drop())
    return await poisonAndHeal(database, { streams: 4, entries: 5, blockKey: false, healMs: 3_000 }, onStep)
  } finally {
    await endings.end()
  }
}
