import { z } from 'zod'

/** Amounts are whole cents: sums of floating-point money drift. */
export const Line = z.object({ sku: z.string().min(1), quantity: z.int().positive(), price: z.int().nonnegative() })
export type Line = z.output<typeof Line>

export const Currency = z.enum(['EUR', 'USD'])
export type Currency = z.output<typeof Currency>

/** The sum of the lines, in cents. */
export function totalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.price, 0)
}
