import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isCairnError } from '@cairn/core'
import { orderCommands } from '@cairn/example-shop'
import { queryOnce } from '../../support/query-once.ts'
import { say } from '../projections/fault-plan.ts'
import { ordersChildSettings } from './child-settings.ts'
import { commandIdOf, lines, plannedOrder, type PlannedOrder } from './order-plan.ts'
import { startShop } from './start-shop.ts'

/**
 * Places orders, one after another, and says each; what fails for now is sent again, with the same ids. The last one may wait until
 * it is told to go on: however fast the machine, the sender is there for as long as it may be killed.
 */
const settings = ordersChildSettings()
const { database, tenantId, from, to, everyMs, holdsLast } = settings
const app = await startShop(settings)
say({ ready: settings.label, placed: from - 1 })
process.stdin.once('end', () => process.exit())
const released = once(process.stdin, 'data')

for (let number = from; number < to; number++) {
  if (holdsLast && number === to - 1) await released
  await placeOnce(plannedOrder(number))
  say({ placed: number })
  await sleep(everyMs)
}
say({ finished: true })
await app.stop()
process.exit()

async function placeOnce(order: PlannedOrder): Promise<void> {
  for (;;) {
    try {
      return await place(order)
    } catch (error) {
      if (isCairnError(error) && !error.retryable) say({ refused: `${order.orderId}: ${error.message}` })
      if (isCairnError(error) && !error.retryable) return
      await sleep(100)
    }
  }
}

/** Creation and readiness go out together: the timer that begins with the one must not run out before the other is sent. */
async function place({ orderId, path, way }: PlannedOrder): Promise<void> {
  const create = orderCommands.create({ orderId, customerId: 'ann', lines }, { id: commandIdOf('create', orderId) })
  const ready = path === 'never ready' ? undefined : orderCommands.markReady({ orderId }, { id: commandIdOf('ready', orderId) })
  if (way === 'sql') {
    await insertRows([
      [create.id, create.type, { orderId, customerId: 'ann', lines }],
      ...(ready === undefined ? [] : [[ready.id, ready.type, { orderId }] as const]),
    ])
  } else if (ready === undefined) {
    await (way === 'async' ? app.dispatch(create, { async: true }) : app.dispatch(create))
  } else {
    await app.transaction({}, async (tx) => {
      await (way === 'async' ? tx.dispatch(create, { async: true }) : tx.dispatch(create))
      await tx.dispatch(ready, { async: true })
    })
  }
}

/** As a program would that knows nothing of Cairn. */
async function insertRows(rows: readonly (readonly [id: string | undefined, type: string, payload: object])[]): Promise<void> {
  await queryOnce(
    database.url,
    `insert into ${database.schema}.commands (tenant_id, id, type, payload)
     select $1, (e ->> 0)::uuid, e ->> 1, e -> 2 from jsonb_array_elements($2::jsonb) with ordinality r(e, place) order by place
     on conflict do nothing`,
    [tenantId, JSON.stringify(rows)],
  )
}
