import { defineEvents } from '@cairn/core'
import { z } from 'zod'
import { Installment } from './installments.ts'

const Schedule = z.object({ loanId: z.string(), installments: z.array(Installment) })

export const paymentEvents = defineEvents('Payment', {
  ScheduleGenerated: Schedule,
  /** The installments that are not paid yet, by the loan's new terms. */
  ScheduleUpdated: Schedule,
  Received: z.object({ loanId: z.string(), number: z.int(), amount: z.int() }),
  LateFeeCharged: z.object({ loanId: z.string(), number: z.int(), fee: z.int() }),
  Completed: z.object({ loanId: z.string() }),
})
