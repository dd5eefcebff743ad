import { z } from 'zod'
import type { Terms } from '../loans/index.ts'

export const Installment = z.object({ number: z.int().positive(), dueOn: z.iso.date(), amount: z.int().positive() })
export type Installment = z.output<typeof Installment>

/** Equal monthly installments of an annuity, in cents; the last one takes what rounding left. */
export function installmentsOf({ principal, rate, months }: Terms, fundedOn: string): readonly Installment[] {
  const monthly = rate / 10_000 / 12
  const exact = monthly === 0 ? principal / months : (principal * monthly) / (1 - (1 + monthly) ** -months)
  const total = Math.round(exact * months)
  // Rounded down, so that the last one is never the negative rest; a cent at least.
  const amount = Math.max(1, Math.floor(exact))
  return Array.from({ length: months }, (_, i) => ({
    number: i + 1,
    dueOn: monthsLater(fundedOn, i + 1),
    amount: i === months - 1 ? Math.max(1, total - amount * (months - 1)) : amount,
  }))
}

/** The same day of a later month, or that month's last day. */
export function monthsLater(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const lastOfMonth = new Date(Date.UTC(year, month + months, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, lastOfMonth))).toISOString().slice(0, 10)
}
