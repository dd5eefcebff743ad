import { defineDomain } from '@cairn/core'
import { eventMonitor } from './event-monitor.ts'

export const monitoring = defineDomain('monitoring', { aggregates: [], projections: [eventMonitor] })
export { eventMonitor } from './event-monitor.ts'
