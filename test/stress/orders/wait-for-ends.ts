import { setTimeout as sleep } from 'node:timers/promises'
import type { OnStep } from '../support/verdict.ts'
import type { OrdersRig } from './orders-rig.ts'

/** Until nothing is under way any more; gives up when nothing has moved for a while. */
export async function waitForEnds(rig: OrdersRig, patienceMs: number, onStep: OnStep): Promise<void> {
  let [last, since] = ['', performance.now()]
  while (performance.now() - since < patienceMs) {
    const [found] = await rig.query<{ commands: number; instances: number; events: number; orders: number }>(
      `select (select count(*)::int from SCHEMA.commands where status in ('pending', 'consumed')) as commands,
              (select count(*)::int from SCHEMA.process_instances where status = 'running') as instances,
              (select count(*)::int from SCHEMA.events) as events,
              (select count(*)::int from SCHEMA.process_instances where status = 'done') as orders`,
    )
    if (found !== undefined && found.commands + found.instances === 0 && found.orders >= rig.options.orders) return
    const now = JSON.stringify(found)
    if (now !== last) [last, since] = [now, performance.now()]
    onStep(`following the orders: ${found?.orders} have ended, ${found?.commands} commands wait`)
    await sleep(250)
  }
}
