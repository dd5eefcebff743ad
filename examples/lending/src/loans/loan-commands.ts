import { creates, defineCommands } from '@cairn/core'
import { z } from 'zod'
import { Terms } from './terms.ts'

export const loanCommands = defineCommands('Loan', {
  Create: creates(z.object({ borrowerId: z.string().min(1), ...Terms.shape })),
  Fund: z.object({ fundedOn: z.iso.date() }),
  /** New terms; those left out stay. */
  Modify: z.object({ reason: z.string().min(1), rate: Terms.shape.rate.optional(), months: Terms.shape.months.optional() }),
  SettleUp: z.object({}),
})
