import { creates, defineCommands } from '@cairn/core'
import { z } from 'zod'
import { Currency, Line } from './line.ts'

export const orderCommands = defineCommands('order', {
  create: creates(z.object({ customerId: z.string().min(1), lines: z.array(Line).min(1), currency: Currency.default('EUR') })),
  markReady: z.object({}),
  autoCancel: z.object({}),
  /** An order that is ready can still be called off until it is shipped. */
  cancel: z.object({ reason: z.string().min(1) }),
  ship: z.object({}),
})
