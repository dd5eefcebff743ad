import { defineDomain } from '@cairn/core'
import { customerTotals } from './customer-totals.ts'
import { orderSummary } from './order-summary.ts'
import { Order } from './order.ts'

export const shop = defineDomain('shop', { aggregates: [Order], projections: [orderSummary, customerTotals] })
export { customerTotals } from './customer-totals.ts'
export { Currency, Line, totalOf } from './line.ts'
export { orderCommands } from './order-commands.ts'
export { orderEvents } from './order-events.ts'
export { orderSummary } from './order-summary.ts'
export { Order } from './order.ts'
