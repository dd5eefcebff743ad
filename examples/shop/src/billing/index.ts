import { defineDomain } from '@cairn/core'
import { Invoice } from './invoice.ts'
import { revenuePerDay } from './revenue-per-day.ts'

export const billing = defineDomain('billing', { aggregates: [Invoice], projections: [revenuePerDay] })
export { invoiceCommands } from './invoice-commands.ts'
export { invoiceEvents } from './invoice-events.ts'
export { Invoice } from './invoice.ts'
export { revenuePerDay } from './revenue-per-day.ts'
