import type { FaultPoint } from '@cairn/core'
import type { OnStep } from '../support/verdict.ts'
import { compareGenerations } from '../projections/compare-rows.ts'
import { projections } from '../projections/shop-place.ts'
import type { ShopRig } from '../projections/shop-rig.ts'
import { watchView } from '../projections/watch-view.ts'
import type { Killed } from './kill-processes.ts'

/** Where a rebuild may be killed, beside the points of its commits. */
export const rebuildPoints = [
  'generation-created',
  'rebuild-caught-up',
  'rebuild-verified',
  'switch-locked',
  'switch-written',
  'switched',
] as const satisfies readonly FaultPoint[]

/**
 * Kills rebuilds while a process feeds what is live, a writer appends and a reader looks: each goes on with what the one before
 * left, and in the end the command does.
 */
export async function killRebuilds(
  rig: ShopRig,
  points: readonly FaultPoint[],
  rounds: number,
  onStep: OnStep,
): Promise<Killed & { readonly incompleteReads: number }> {
  const hits: Partial<Record<FaultPoint, number>> = {}
  const failures: string[] = []
  if (points.length === 0) return { hits, failures, incompleteReads: 0 }
  const feeding = rig.startShop('large')
  const looking = watchView(rig.admin, rig.database)
  const stopWriting = rig.writer.keepWriting(4, 100)
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const point of points) {
        onStep(`round ${round} of ${rounds}: a rebuild at ${point}`)
        const killed = rig.startRebuild({ point, hit: rig.random.between(1, projections.length), action: 'kill' })
        const { signal, code, stderr } = await killed.ended
        if (signal === 'SIGKILL') hits[point] = (hits[point] ?? 0) + 1
        else failures.push(`A rebuild that was to be killed at ${point} ended with ${signal ?? `code ${code}`}: ${stderr.slice(0, 500)}`)
      }
      onStep(`round ${round} of ${rounds}: the command ends it`)
      const failure = await finish(rig)
      if (failure !== undefined) failures.push(failure)
    }
  } finally {
    await stopWriting()
    await looking.stop()
  }
  const failure = await rig.catchUp(feeding)
  if (failure !== undefined) failures.push(failure)
  // What was live before each last rebuild was fed on beside it.
  const different = await compareGenerations(rig.database, projections)
  if (different > 0) failures.push(`${different} projections differ from the generation before them.`)
  return { hits, failures, incompleteReads: looking.incompleteReads() }
}

async function finish(rig: ShopRig): Promise<string | undefined> {
  const { code, signal, stdout, stderr } = await rig.startCommand('--all').ended
  if (code === 0) return undefined
  return `rebuild-projections ended with ${signal ?? `code ${code}`}: ${(stderr || stdout).slice(-500)}`
}
