import { defineEvents, versions } from '@cairn/core'
import { z } from 'zod'
import { Currency, Line } from './line.ts'

export const orderEvents = defineEvents('order', {
  created: versions(z.object({ customer: z.string(), lines: z.array(Line) }))
    // The first shops sold in euros alone.
    .next(z.object({ customerId: z.string(), lines: z.array(Line), currency: Currency }))
    .from((v1) => ({ customerId: v1.customer, lines: v1.lines, currency: 'EUR' })),
  ready: z.object({}),
  cancelled: z.object({ reason: z.string() }),
  shipped: z.object({}),
})
