import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { OnStep } from '../support/verdict.ts'
import type { OrdersRig } from './orders-rig.ts'

export const victims = ['worker', 'pump', 'sender', 'postgres', 'temporal'] as const
export type Victim = (typeof victims)[number]
export type Kills = Readonly<Record<Victim, number>>

export interface KillPlan {
  readonly kills: number
  readonly random: Random
  /** Who is killed; those that there are not are left out. @default all */
  readonly only?: readonly Victim[] | undefined
}

/** Kills one after another while orders are placed: everybody in turn, in an order and at moments that are drawn. */
export async function killAtRandom(rig: OrdersRig, { kills, random, only = victims }: KillPlan, onStep: OnStep): Promise<Kills> {
  const found = only.filter((victim) => rig.options.scheduler === 'temporal' || (victim !== 'pump' && victim !== 'temporal'))
  const done = { worker: 0, pump: 0, sender: 0, postgres: 0, temporal: 0 }
  let round: Victim[] = []
  for (let kill = 1; kill <= kills; kill++) {
    await whenPlaced(rig, Math.floor((rig.options.orders * kill) / (kills + 1)))
    await sleep(random.between(0, 400))
    if (round.length === 0) round = shuffled(found, random)
    const victim = round.pop()
    if (victim === undefined) break
    onStep(`kill ${kill} of ${kills}: ${victim}; ${rig.placed} of ${rig.options.orders} orders placed`)
    if (await strike(rig, victim, random)) done[victim]++
  }
  return done
}

async function strike(rig: OrdersRig, victim: Victim, random: Random): Promise<boolean> {
  const { postgres, temporal } = rig.servers
  const downMs = random.between(0, 1_000)
  if (victim === 'postgres') {
    await postgres.kill()
    await sleep(downMs)
    await postgres.start()
    return true
  }
  if (victim === 'temporal') {
    await temporal?.kill()
    await sleep(downMs)
    await temporal?.restart()
    return temporal !== undefined
  }
  const all = rig.processes(victim)
  const chosen = all[random.between(0, all.length - 1)]
  return chosen !== undefined && (await chosen.kill())
}

/** @throws when the orders do not get on */
async function whenPlaced(rig: OrdersRig, orders: number): Promise<void> {
  for (let [placed, since] = [rig.placed, performance.now()]; rig.placed < orders; await sleep(20)) {
    if (rig.placed > placed) [placed, since] = [rig.placed, performance.now()]
    if (rig.processes('sender').length === 0) throw new Error('The sender was ended.')
    if (performance.now() - since > 180_000)
      throw new Error(`No order was placed for three minutes, after ${placed}. ${rig.failures.join(' ')}`)
  }
}

function shuffled(from: readonly Victim[], random: Random): Victim[] {
  const all = [...from]
  for (let i = all.length - 1; i > 0; i--) all.push(...all.splice(random.between(0, i), 1))
  return all
}
