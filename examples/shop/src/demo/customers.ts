import { causedBy, derivedUuid } from '@cairn/core'
import { invoiceCommands } from '../billing/index.ts'
import { orderCommands } from '../ordering/index.ts'
import type { ShopApp } from './shop-app.ts'

/** What happens to an order after it was placed. */
export type Path = 'paid' | 'payment fails' | 'never ready'

const paths: readonly Path[] = ['paid', 'paid', 'payment fails', 'paid', 'never ready']

export function orderIdOf(number: number): string {
  return `order-${String(number).padStart(5, '0')}`
}

/** An order's number decides its path, so that every run of the demo agrees on it. */
export function pathOf(orderId: string): Path {
  return paths[Number(orderId.slice('order-'.length)) % paths.length] ?? 'paid'
}

/** Places orders. One that is placed already stays as it is. */
export async function placeOrders(app: ShopApp, ids: readonly string[], placed: (count: number) => void): Promise<void> {
  const atOnce = 50
  for (let from = 0; from < ids.length; from += atOnce) {
    const chunk = ids.slice(from, from + atOnce)
    await Promise.all(
      chunk.map((orderId) => {
        const lines = [{ sku: 'hammer', quantity: 1, price: 1_995 }]
        return app.dispatch(orderCommands.create({ orderId, customerId: 'ann', lines }, { id: derivedUuid('demo', orderId, 'create') }))
      }),
    )
    placed(from + chunk.length)
  }
}

/**
 * The world around the shop, as two durable subscriptions: a warehouse that packs orders, and a bank that pays invoices or does not.
 * They put their commands aside, so that the scheduler carries them out. Each id is derived: what is sent twice takes effect once.
 */
export async function startTheWorld(app: ShopApp): Promise<void> {
  await app.subscribe('warehouse', { types: 'order.created', from: 'start', partitions: 4 }, async (event) => {
    const orderId = event.aggregateId
    if (pathOf(orderId) === 'never ready') return
    await app.dispatch(orderCommands.markReady({ orderId }, { id: derivedUuid('demo', orderId, 'ready') }), {
      ...causedBy(event),
      async: true,
    })
  })
  await app.subscribe('bank', { types: 'invoice.created', from: 'start', partitions: 4 }, async (event) => {
    const { orderId, amount } = event.payload
    const invoiceId = event.aggregateId
    const id = derivedUuid('demo', invoiceId, 'payment')
    const command =
      pathOf(orderId) === 'payment fails'
        ? invoiceCommands.failPayment({ invoiceId, reason: 'no funds' }, { id })
        : invoiceCommands.pay({ invoiceId, amount, reference: `transfer for ${orderId}` }, { id })
    await app.dispatch(command, { ...causedBy(event), async: true })
  })
}
