import { Endings } from '../support/endings.ts'
import { Random } from '../support/random.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import type { SchedulerKind } from './child-settings.ts'
import { killAtRandom, type Kills, type Victim } from './kill-at-random.ts'
import { OrdersRig, startServers, type Servers } from './orders-rig.ts'
import { readEnds, type OrdersEnds } from './read-ends.ts'
import { timerAfterOutage, type TimerAfterOutage } from './timer-after-outage.ts'
import { waitForEnds } from './wait-for-ends.ts'

export interface OrdersOptions {
  readonly scheduler: SchedulerKind
  readonly orders: number
  readonly kills: number
  readonly seed: number
  /** An order that is not ready by then is cancelled, seconds. */
  readonly readyWithin: number
  /** True breaks the steps of process managers, as in the control. */
  readonly plant?: true | undefined
  /** Who is killed. @default everybody */
  readonly victims?: readonly Victim[] | undefined
}

export interface OrdersVerdict extends Verdict, OrdersEnds {
  readonly scheduler: SchedulerKind
  readonly orders: number
  readonly kills: Kills
  readonly timerAfterOutage: TimerAfterOutage
  /** Processes that ended by themselves, or not in order. */
  readonly failures: readonly string[]
  readonly seconds: number
  readonly control: {
    readonly doubledInvoices: number
    readonly wrongEnds: number
  }
}

/** Nothing has moved for so long: what is under way will not end. A worker of pg-boss that was killed is noticed after 10 s and more. */
const patienceMs = 180_000
const controlOrders = 8
/** Invoices at which a process with broken steps dies: each once, and its step is done again. */
const deaths = [1, 2]

/** Kills the processes of a shop, its database and its scheduler while orders are under way: every order must come to its end, once. */
export async function checkOrders(options: OrdersOptions, onStep: OnStep = silent, endings = new Endings()): Promise<OrdersVerdict> {
  const started = performance.now()
  const { scheduler, orders, kills, seed, plant } = options
  try {
    onStep('starting the servers')
    const servers = await startServers(scheduler, endings)
    const common = { scheduler, tenantId: 'acme', readyWithinMs: options.readyWithin * 1_000 }
    const rig = await OrdersRig.open(servers, { ...common, orders, everyMs: 40, plant: plant && deaths })
    endings.add(rig, (opened) => opened.killProcesses())
    rig.startWorkers()
    const sender = rig.startSender()
    const killed = await killAtRandom(rig, { kills, random: new Random(seed), only: options.victims }, onStep)
    rig.releaseSender()
    await sender.finished
    await waitForEnds(rig, patienceMs, onStep)
    const ends = await readEnds(rig)
    const timer = await timerAfterOutage(rig, onStep)
    await rig.finish()
    const control = await runControl(servers, scheduler, endings, onStep)
    const { failures } = rig
    return {
      ok:
        ends.shipped + ends.cancelled + ends.compensated === orders &&
        ends.wrongEnds + ends.doubledInvoices + ends.lostCommands + ends.stuckInstances + ends.parkedEvents + failures.length === 0 &&
        Object.values(killed).reduce((sum, times) => sum + times, 0) === kills &&
        timer.fired &&
        timer.times === 1 &&
        control.doubledInvoices + control.wrongEnds > 0,
      scheduler,
      orders,
      ...ends,
      kills: killed,
      timerAfterOutage: timer,
      failures,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control,
    }
  } finally {
    await endings.end()
  }
}

/** A few orders with steps that are broken, and workers that die in the middle of them. */
async function runControl(servers: Servers, scheduler: SchedulerKind, endings: Endings, onStep: OnStep): Promise<OrdersVerdict['control']> {
  onStep('control: the effects of a step are not in its transaction, and its ids are not derived')
  const options = { scheduler, tenantId: 'control', orders: controlOrders, everyMs: 20, readyWithinMs: 2_000, plant: deaths }
  const rig = await OrdersRig.open(servers, options)
  endings.add(rig, (opened) => opened.killProcesses())
  rig.startWorkers()
  const sender = rig.startSender()
  rig.releaseSender()
  await sender.finished
  await waitForEnds(rig, 15_000, onStep)
  const { doubledInvoices, wrongEnds } = await readEnds(rig)
  await rig.killProcesses()
  return { doubledInvoices, wrongEnds }
}
