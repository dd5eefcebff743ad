import { defineEvents } from '@cairn/core'
import { z } from 'zod'

/** Amounts are whole cents. */
const Amount = z.int().positive()

export const invoiceEvents = defineEvents('invoice', {
  created: z.object({ orderId: z.string(), amount: Amount }),
  paymentReceived: z.object({ amount: Amount, reference: z.string() }),
  paid: z.object({ orderId: z.string() }),
  paymentFailed: z.object({ orderId: z.string(), reason: z.string() }),
  voided: z.object({ reason: z.string() }),
})
