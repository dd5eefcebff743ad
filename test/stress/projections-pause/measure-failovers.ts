import { setTimeout as sleep } from 'node:timers/promises'
import { only } from '../support/admin.ts'
import type { OnStep } from '../support/verdict.ts'
import { commitsSince, heldBy, lastTurn, type HeldPartition } from '../projections/commit-log.ts'
import type { ShopRig } from '../projections/shop-rig.ts'

const patienceMs = 120_000

/** Kills one of two processes that share the work, with the leases that an app has, and measures until the other goes on. */
export async function measureFailovers(
  rig: ShopRig,
  failovers: number,
  onStep: OnStep,
): Promise<{ readonly tookMs: readonly number[]; readonly failures: readonly string[] }> {
  const { admin } = rig
  const tookMs: number[] = []
  const failures: string[] = []
  const stopWriting = rig.writer.keepWriting(16, 50)
  let survivor = rig.startApp()
  try {
    await survivor.said('ready')
    for (let i = 1; i <= failovers; i++) {
      onStep(`failover ${i} of ${failovers}`)
      const victim = survivor
      survivor = rig.startApp()
      await survivor.said('ready')
      const held = await sharedOut(rig, victim.label, survivor.label)
      const turn = await lastTurn(admin)
      const { killed } = await only<{ killed: Date }>(admin, 'select clock_timestamp() as killed')
      void victim.kill()
      const firsts = await untilGoneOn(rig, held, turn)
      if (firsts === undefined) failures.push(`Nobody went on with what ${victim.label} had.`)
      else tookMs.push(Math.max(...firsts.map((first) => first.getTime() - killed.getTime())))
    }
  } finally {
    await stopWriting()
  }
  const failure = await rig.catchUp(survivor)
  return { tookMs, failures: failure === undefined ? failures : [...failures, failure] }
}

/** Waits until both hold something; answers what the first one holds. */
async function sharedOut({ admin, database }: ShopRig, first: string, second: string): Promise<readonly HeldPartition[]> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(50)) {
    const [held, others] = [await heldBy(admin, database, first), await heldBy(admin, database, second)]
    if (held.length > 0 && others.length > 0) return held
  }
  throw new Error(`${first} and ${second} did not share the partitions out.`)
}

async function untilGoneOn({ admin }: ShopRig, held: readonly HeldPartition[], turn: number): Promise<readonly Date[] | undefined> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(50)) {
    const { firstAt } = await commitsSince(admin, held, turn)
    const come = firstAt.filter((at) => at !== undefined)
    if (come.length === held.length) return come
  }
  return undefined
}
