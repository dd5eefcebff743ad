import { derivedUuid, type EventToStore, type StreamKey } from '@cairn/core'
import { invoiceEvents, orderEvents } from '@cairn/example-shop'

export interface RecordedAppend {
  readonly stream: StreamKey
  readonly event: EventToStore
}

/** A history of orders of two tenants with fixed ids, as it was recorded once: `count` events, in the order of their positions. */
export function recordedOrders(count: number): readonly RecordedAppend[] {
  const appends: RecordedAppend[] = []
  const add = (order: number, aggregateType: string, event: { readonly type: string; readonly payload: unknown }): void => {
    const id = derivedUuid('recorded', String(appends.length))
    const metadata = {
      correlationId: `c-${order}`,
      causationId: `x-${order}`,
      schemaVersion: event.type === 'order.created' ? 2 : 1,
      userId: 'u-1',
    }
    const stream = { tenantId: order % 3 === 0 ? 'beta' : 'acme', aggregateType, aggregateId: `${aggregateType}-${order}` }
    appends.push({ stream, event: { id, type: event.type, payload: event.payload, metadata } })
  }
  // Orders overlap: each begins while the ones before it are under way.
  for (let tick = 0; appends.length < count; tick++) {
    const lines = [{ sku: 's', quantity: 1 + (tick % 5), price: tick % 7 === 0 ? 0 : 100 + tick }]
    add(tick, 'order', orderEvents.created({ customerId: `k-${tick % 10}`, lines, currency: 'EUR' }))
    const ready = tick - 3
    if (ready >= 0 && ready % 4 !== 0) add(ready, 'order', orderEvents.ready())
    const billed = tick - 6
    if (billed >= 0 && billed % 4 === 0) add(billed, 'order', orderEvents.cancelled({ reason: 'not ready in time' }))
    if (billed >= 0 && billed % 4 === 1)
      add(billed, 'invoice', invoiceEvents.paymentFailed({ orderId: `order-${billed}`, reason: 'no funds' }))
    if (billed >= 0 && billed % 4 >= 2) add(billed, 'invoice', invoiceEvents.paid({ orderId: `order-${billed}` }))
    const done = tick - 8
    if (done >= 0 && done % 4 >= 2) add(done, 'order', orderEvents.shipped())
  }
  return appends.slice(0, count)
}
