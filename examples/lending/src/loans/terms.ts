import { z } from 'zod'

/** What was agreed. Money is whole cents, the yearly rate is in basis points (100 = 1 %). */
export const Terms = z.object({
  principal: z.int().positive(),
  rate: z.int().nonnegative().max(10_000),
  months: z.int().positive().max(600),
})
export type Terms = z.output<typeof Terms>
