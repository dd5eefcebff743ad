import { after, cancelTimer, createCairn, defineDomain, defineProcessManager } from '@cairn/cairn'
import { billing, invoiceCommands, invoiceEvents, orderCommands, orderEvents, shop, totalOf } from '@cairn/example-shop'

const orderFulfilment = defineProcessManager('order-fulfilment', {
  events: [orderEvents, invoiceEvents],
  initial: () => ({ total: 0 }),
})
  .correlate({
    'order.created': (event) => event.aggregateId,
    'order.ready': (event) => event.aggregateId,
    'order.cancelled': (event) => event.aggregateId,
    'invoice.paid': (event) => event.payload.orderId,
  })
  .on({
    'order.created': (_state, { aggregateId, payload }) => ({
      state: { total: totalOf(payload.lines) },
      send: [after({ minutes: 15 }, orderCommands.autoCancel({ orderId: aggregateId }))],
      waitingFor: 'the order to become ready',
    }),
    'order.ready': ({ total }, { aggregateId }) => ({
      send: [cancelTimer('order.autoCancel'), invoiceCommands.create({ orderId: aggregateId, amount: total })],
      waitingFor: 'the payment of its invoice',
    }),
    'invoice.paid': (_state, { payload }) => ({ send: [orderCommands.ship({ orderId: payload.orderId })], done: true }),
    'order.cancelled': () => ({ done: true }),
  })

const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilment] })

const app = await createCairn({ domains: [shop, billing, fulfilment], database: 'memory', defaultTenantId: 'acme' })

const lines = [{ sku: 'hammer', quantity: 1, price: 1_995 }]
await app.dispatch(orderCommands.create({ orderId: 'o-1', customerId: 'ann', lines }))
await app.dispatch(orderCommands.markReady({ orderId: 'o-1' }))

async function waiting() {
  const [instance] = await app.processes.list({ processManager: 'order-fulfilment' })
  return instance?.waitingFor
}
while ((await waiting()) !== 'the payment of its invoice') await new Promise((resolve) => setTimeout(resolve, 10))

const { commandId } = await app.dispatch(orderCommands.create({ customerId: 'bob', lines }), { async: true })
const { status, result } = await app.waitForCommand(commandId)
if (status !== 'processed') throw new Error(JSON.stringify(result))

await app.transaction({}, async (tx) => {
  await tx.dispatch(orderCommands.create({ orderId: 'o-2', customerId: 'cid', lines }))
  await tx.dispatch(orderCommands.cancel({ orderId: 'o-2', reason: 'forgotten' }), {
    async: true,
    dueAt: new Date(Date.now() + 86_400_000),
  })
})
await app.stop()
