import { after, cancelTimer, defineProcessManager, type Delay } from '@cairn/core'
import { invoiceCommands } from '../billing/invoice-commands.ts'
import { invoiceEvents } from '../billing/invoice-events.ts'
import { totalOf } from '../ordering/line.ts'
import { orderCommands } from '../ordering/order-commands.ts'
import { orderEvents } from '../ordering/order-events.ts'

interface Fulfilment {
  /** What the order is worth, in cents: its `created` says so, its `ready` does not. */
  readonly total: number
}

/** An order that is not ready by then is cancelled. */
export const readyWithin = { minutes: 15 }

/**
 * Follows an order from its creation to its shipment: calls it off when it is not ready within the limit, bills it when it is ready,
 * ships it when it is paid, and takes it back when payment fails.
 */
export const orderFulfilmentWithin = (limit: Delay) =>
  defineProcessManager('order-fulfilment', {
    events: [orderEvents, invoiceEvents],
    initial: (): Fulfilment => ({ total: 0 }),
  })
    .correlate({
      'order.created': (event) => event.aggregateId,
      'order.ready': (event) => event.aggregateId,
      'order.shipped': (event) => event.aggregateId,
      'order.cancelled': (event) => event.aggregateId,
      'invoice.paid': (event) => event.payload.orderId,
      'invoice.paymentFailed': (event) => event.payload.orderId,
    })
    .on({
      'order.created': (_state, { aggregateId, payload }) => ({
        state: { total: totalOf(payload.lines) },
        send: [after(limit, orderCommands.autoCancel({ orderId: aggregateId }))],
        waitingFor: 'the order to become ready',
      }),
      'order.ready': ({ total }, { aggregateId }) => ({
        send: [
          cancelTimer(orderCommands.autoCancel.type),
          // What costs nothing needs no invoice.
          total === 0 ? orderCommands.ship({ orderId: aggregateId }) : invoiceCommands.create({ orderId: aggregateId, amount: total }),
        ],
        waitingFor: total === 0 ? 'the shipment' : 'the payment of its invoice',
      }),
      'invoice.paid': (_state, { payload: { orderId } }) => ({ send: [orderCommands.ship({ orderId })], waitingFor: 'the shipment' }),
      // Compensation: what was promised is taken back, in the opposite order.
      'invoice.paymentFailed': (_state, { aggregateId, payload: { orderId, reason } }) => ({
        send: [
          invoiceCommands.void({ invoiceId: aggregateId, reason }),
          orderCommands.cancel({ orderId, reason: `payment failed: ${reason}` }),
        ],
        waitingFor: 'the cancellation of the order',
      }),
      'order.shipped': () => ({ done: true }),
      'order.cancelled': () => ({ done: true }),
    })

export const orderFulfilment = orderFulfilmentWithin(readyWithin)
