import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultPoint } from '@cairn/core'
import { commitsSince, heldBy, lastTurn } from '../projections/commit-log.ts'
import type { ShopRig } from '../projections/shop-rig.ts'
import { stir } from '../projections/stir.ts'
import type { OnStep } from '../support/verdict.ts'

export interface Paused {
  readonly pauses: Partial<Record<FaultPoint, number>>
  readonly pausedCommits: number
  readonly notGoneOn: number
  readonly failures: readonly string[]
}

/** A process that does not come by its point, or another one that does not go on, for so long is a failure of the check. */
const patienceMs = 180_000

/** Two processes share the work; again and again one of them is paused, until the other has all of it, and wakes up. */
export async function pauseHolders(
  rig: ShopRig,
  points: readonly FaultPoint[],
  rounds: number,
  leaseMs: number,
  onStep: OnStep,
  on?: string,
): Promise<Paused> {
  const pauses: Partial<Record<FaultPoint, number>> = {}
  const failures: string[] = []
  let [pausedCommits, notGoneOn] = [0, 0]
  const steady = rig.startShop('small')
  const stopWriting = rig.writer.keepWriting(4, 100)
  try {
    await steady.said('ready')
    for (let round = 1; round <= rounds; round++) {
      for (const point of points) {
        onStep(`round ${round} of ${rounds}: ${point}`)
        const found = await pauseOnce(rig, point, leaseMs, on)
        if ('failure' in found) {
          failures.push(found.failure)
          continue
        }
        pauses[point] = (pauses[point] ?? 0) + 1
        pausedCommits += found.ofHolder
        notGoneOn += found.notGoneOn
      }
    }
  } finally {
    await stopWriting()
  }
  onStep('catching up')
  const failure = await rig.catchUp(steady)
  return { pauses, pausedCommits, notGoneOn, failures: failure === undefined ? failures : [...failures, failure] }
}

async function pauseOnce(
  rig: ShopRig,
  point: FaultPoint,
  leaseMs: number,
  on: string | undefined,
): Promise<{ readonly ofHolder: number; readonly notGoneOn: number } | { readonly failure: string }> {
  const { admin, database } = rig
  const child = rig.startShop('small', { point, hit: rig.random.between(1, 4), action: 'stop', on })
  const timer = setTimeout(() => void child.kill(), patienceMs)
  try {
    const struck = child.said('struck')
    await stir(rig, point, struck)
    if ((await struck) === undefined || !(await stopped(child.isStopped))) {
      const { signal, code, stderr } = await child.ended
      return { failure: `A process that was to be paused at ${point} ended with ${signal ?? `code ${code}`}: ${stderr.slice(0, 500)}` }
    }
    // What had gone to the server before is done by then.
    await sleep(100)
    const paused = performance.now()
    const turn = await lastTurn(admin)
    const held = await heldBy(admin, database, child.label)
    if (held.length === 0) return { failure: `A process that was paused at ${point} held nothing.` }
    let goneOn = 0
    while (performance.now() - paused < patienceMs / 2 && (goneOn < held.length || performance.now() - paused < 2 * leaseMs)) {
      await sleep(50)
      goneOn = (await commitsSince(admin, held, turn)).goneOn
    }
    child.signal('SIGCONT')
    const { code, signal, stderr } = await back(rig, child)
    if (code !== 0)
      return { failure: `A process that had been paused at ${point} ended with ${signal ?? `code ${code}`}: ${stderr.slice(0, 500)}` }
    return { ofHolder: (await commitsSince(admin, held, turn)).ofHolder, notGoneOn: held.length - goneOn }
  } finally {
    clearTimeout(timer)
    await child.kill()
  }
}

/** Waits until the process that woke up takes part again, then lets it end. */
async function back(rig: ShopRig, child: ReturnType<ShopRig['startShop']>): ReturnType<typeof child.finish> {
  for (let tries = 0; tries < 100 && (await heldBy(rig.admin, rig.database, child.label)).length === 0; tries++) await sleep(50)
  await sleep(200)
  return child.finish()
}

async function stopped(isStopped: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (isStopped()) return true
    await sleep(10)
  }
  return false
}
