import { defineDomain } from '@cairn/core'
import { Invoice } from './invoice.ts'

export const billing = defineDomain('billing', { aggregates: [Invoice] })
export { invoiceCommands } from './invoice-commands.ts'
export { invoiceEvents } from './invoice-events.ts'
export { Invoice } from './invoice.ts'
