import { setTimeout as sleep } from 'node:timers/promises'
import type { OnStep } from '../support/verdict.ts'
import { lateOrders, lines } from './order-plan.ts'
import type { OrdersRig } from './orders-rig.ts'

export interface TimerAfterOutage {
  /** Every timer that was due while everything was down fired after the restart, and none before. */
  readonly fired: boolean
  /** How often the one that fired most did. */
  readonly times: number
}

/** Places orders that nobody makes ready, kills everything, and starts it again when their time is over. */
export async function timerAfterOutage(rig: OrdersRig, onStep: OnStep): Promise<TimerAfterOutage> {
  const { readyWithinMs, tenantId } = rig.options
  onStep('timers that are due while everything is down')
  await rig.query(
    `insert into SCHEMA.commands (tenant_id, type, payload)
     select $1, 'order.create', jsonb_build_object('orderId', id, 'customerId', 'ann', 'lines', $3::jsonb) from unnest($2::text[]) id`,
    [tenantId, lateOrders, JSON.stringify(lines)],
  )
  const waiting = await until(120_000, async () => (await countWaiting(rig)) === lateOrders.length)
  const { postgres, temporal } = rig.servers
  await Promise.all([rig.killProcesses(), temporal?.kill(), postgres.kill()])
  // Each was set before now: it is due by then.
  await sleep(readyWithinMs + 200)
  await Promise.all([postgres.start(), temporal?.restart()])
  const before = await countFired(rig)
  rig.startWorkers()
  await until(120_000, async () => (await countFired(rig)).length === lateOrders.length && (await countWaiting(rig)) === 0)
  // A second one would come now.
  await sleep(1_500)
  const fired = await countFired(rig)
  return {
    fired: waiting && before.length === 0 && fired.length === lateOrders.length && (await countWaiting(rig)) === 0,
    times: Math.max(0, ...fired.map(({ times }) => times)),
  }
}

async function countWaiting(rig: OrdersRig): Promise<number> {
  const [found] = await rig.query<{ waiting: number }>(
    `select count(*)::int as waiting from SCHEMA.process_instances where status = 'running' and instance_id = any ($1)`,
    [lateOrders],
  )
  return found?.waiting ?? 0
}

function countFired(rig: OrdersRig): Promise<{ times: number }[]> {
  return rig.query(
    `select count(*)::int as times from SCHEMA.events where type = 'order.cancelled' and aggregate_id = any ($1) group by aggregate_id`,
    [lateOrders],
  )
}

/** False when it did not come to be in time. */
async function until(patienceMs: number, come: () => Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(50)) if (await come()) return true
  return false
}
