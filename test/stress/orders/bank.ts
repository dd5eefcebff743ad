import { causedBy } from '@cairn/core'
import { invoiceCommands } from '@cairn/example-shop'
import { commandIdOf, pathOf } from './order-plan.ts'
import type { OrdersShop } from './start-shop.ts'

/** Pays invoices, or does not. It may see an invoice twice: what it sends has the same id then. */
export async function openBank(app: OrdersShop): Promise<void> {
  await app.subscribe('bank', { types: 'invoice.created', from: 'start', partitions: 4, retry: { attempts: 100 } }, async (event) => {
    const { orderId, amount } = event.payload
    const invoiceId = event.aggregateId
    const id = commandIdOf('payment', invoiceId)
    const command =
      pathOf(orderId) === 'payment fails'
        ? invoiceCommands.failPayment({ invoiceId, reason: 'no funds' }, { id })
        : invoiceCommands.pay({ invoiceId, amount, reference: `transfer for ${orderId}` }, { id })
    await app.dispatch(command, { ...causedBy(event), async: true })
  })
}
