import { defineProcessManager, type ProcessContext } from '@cairn/core'
import { invoiceCommands, invoiceEvents, Order, orderEvents } from '@cairn/example-shop'

/** What a review saw of the log: the reason of the command that it sends. */
export interface Review {
  readonly status: string
  readonly total: number
  readonly version: number
  /** Of the order before this one, which is another tenant's at times. */
  readonly neighbour: number
  readonly invoice: readonly string[]
  readonly currency: string | undefined
  readonly priority: unknown
  readonly correlationId: string
}

/** Whenever something happens to an order, it looks at the order, at the one before it, and at the invoice, and says what it saw. */
export const orderReview = defineProcessManager('order-review', { events: [orderEvents, invoiceEvents], initial: () => ({ reviews: 0 }) })
  .correlate({
    'order.ready': (event) => event.aggregateId,
    'order.cancelled': (event) => event.aggregateId,
    'invoice.paid': (event) => event.payload.orderId,
    'invoice.paymentFailed': (event) => event.payload.orderId,
  })
  .on({
    'order.ready': ({ reviews }, _event, context) => review(reviews, context),
    'order.cancelled': ({ reviews }, _event, context) => review(reviews, context),
    'invoice.paid': ({ reviews }, _event, context) => review(reviews, context),
    'invoice.paymentFailed': ({ reviews }, _event, context) => review(reviews, context),
  })

function review(reviews: number, context: ProcessContext<typeof orderEvents | typeof invoiceEvents>) {
  const { instanceId, trace, log, metric } = context
  const number = Number(instanceId.split('-')[1])
  const { state, version } = context.loadAggregate(Order, instanceId)
  const neighbour = context.loadAggregate(Order, `order-${number - 1}`).version
  const [first] = context.loadEvents('order', instanceId)
  const seen: Review = {
    ...state,
    version,
    neighbour,
    invoice: context.loadEvents('invoice', `invoice-${number}`).map(({ type }) => type),
    currency: first?.type === 'order.created' ? first.payload.currency : undefined,
    priority: context.hint('priority'),
    correlationId: trace.correlationId,
  }
  log.info('Reviewed.', { version })
  metric('reviewed', version)
  return { state: { reviews: reviews + 1 }, send: [invoiceCommands.void({ invoiceId: `invoice-${number}`, reason: JSON.stringify(seen) })] }
}
