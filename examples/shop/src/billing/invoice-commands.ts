import { creates, defineCommands } from '@cairn/core'
import { z } from 'zod'

export const invoiceCommands = defineCommands('invoice', {
  create: creates(z.object({ orderId: z.string().min(1), amount: z.int().positive() })),
  pay: z.object({ amount: z.int().positive(), reference: z.string().min(1) }),
  /** The bank says no. The invoice stays open: the customer may pay in another way, unless somebody voids it. */
  failPayment: z.object({ reason: z.string().min(1) }),
  void: z.object({ reason: z.string().min(1) }),
})
