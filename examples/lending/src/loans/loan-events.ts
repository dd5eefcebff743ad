import { defineEvents } from '@cairn/core'
import { z } from 'zod'
import { Terms } from './terms.ts'

export const loanEvents = defineEvents('Loan', {
  Created: z.object({ borrowerId: z.string(), ...Terms.shape }),
  /** The money was paid out; installments count from this day. */
  Funded: z.object({ fundedOn: z.iso.date(), ...Terms.shape }),
  Modified: z.object({ reason: z.string(), fundedOn: z.iso.date().nullable(), ...Terms.shape }),
  PaidOff: z.object({}),
})
