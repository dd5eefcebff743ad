import { defineDomain } from '@cairn/core'
import { orderFulfilment } from './order-fulfilment.ts'

/** What stands between ordering and billing, and belongs to neither. */
export const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilment] })
export { orderFulfilment, orderFulfilmentWithin, readyWithin } from './order-fulfilment.ts'
