import { creates, defineCommands } from '@cairn/core'
import { z } from 'zod'
import { Currency, Line } from './line.ts'

export const orderCommands = defineCommands('order', {
  create: creates(z.object({ customerId: z.string().min(1), lines: z.array(Line).min(1), currency: Currency.default('EUR') })),
  markReady: z.object({}),
  autoCancel: z.object({}),
})
