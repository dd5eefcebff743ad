import { defineDomain } from '@cairn/core'
import { Order } from './order.ts'

export const shop = defineDomain('shop', { aggregates: [Order] })
export { Currency, Line, totalOf } from './line.ts'
export { orderCommands } from './order-commands.ts'
export { orderEvents } from './order-events.ts'
export { Order } from './order.ts'
