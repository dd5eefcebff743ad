import { defineCommands } from '@cairn/core'
import { z } from 'zod'
import { Terms } from '../loans/index.ts'

const Planned = z.object({ fundedOn: z.iso.date(), ...Terms.shape })

export const paymentCommands = defineCommands('Payment', {
  GenerateSchedule: Planned,
  UpdateSchedule: Planned,
  /** Pays the next installment, all of it. */
  Receive: z.object({ amount: z.int().positive() }),
  ChargeLateFee: z.object({ number: z.int().positive() }),
})
