import type { FaultPoint } from '@cairn/core'
import type { ShopRig } from '../projections/shop-rig.ts'
import { stir } from '../projections/stir.ts'
import type { OnStep } from '../support/verdict.ts'

export interface Killed {
  readonly hits: Partial<Record<FaultPoint, number>>
  readonly failures: readonly string[]
}

/** A process that does not come by its point for so long is a failure of the check. */
const patienceMs = 180_000

/** Kills one process after another at each of the points, while a writer appends; the last one lives until it has caught up. */
export async function killProcesses(
  rig: ShopRig,
  points: readonly FaultPoint[],
  rounds: number,
  onStep: OnStep,
  on?: string,
): Promise<Killed> {
  const hits: Partial<Record<FaultPoint, number>> = {}
  const failures: string[] = []
  const stopWriting = rig.writer.keepWriting(4, 100)
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const point of points) {
        onStep(`round ${round} of ${rounds}: ${point}`)
        const failure = await killOnce(rig, point, on ?? rig.somewhere(point))
        if (failure === undefined) hits[point] = (hits[point] ?? 0) + 1
        else failures.push(failure)
      }
    }
  } finally {
    await stopWriting()
  }
  onStep('catching up')
  const failure = await rig.catchUp()
  return { hits, failures: failure === undefined ? failures : [...failures, failure] }
}

/** Says what went wrong, if something did. */
async function killOnce(rig: ShopRig, point: FaultPoint, on: string | undefined): Promise<string | undefined> {
  const child = rig.startShop('small', { point, hit: rig.random.between(1, 4), action: 'kill', on })
  const stirring = stir(rig, point, child.ended)
  const timer = setTimeout(() => child.signal('SIGKILL'), patienceMs)
  const { signal, stderr, code } = await child.ended
  clearTimeout(timer)
  await stirring
  const struck = await child.said('struck')
  if (signal === 'SIGKILL' && struck?.['struck'] === point) return undefined
  return `A process that was to be killed at ${point} ended with ${signal ?? `code ${code}`}: ${stderr.slice(0, 500)}`
}
