import type { CheckDatabase } from '../support/check-database.ts'

export const schedulerKinds = ['postgres', 'pg-boss', 'temporal'] as const
export type SchedulerKind = (typeof schedulerKinds)[number]

/** pump: claims rows and hands them, and events, to Temporal, where another process carries them out. */
export type Role = 'worker' | 'pump' | 'sender'

/** What the check tells a process of the shop, in STRESS_CHILD. */
export interface OrdersChildSettings {
  readonly database: CheckDatabase
  readonly role: Role
  readonly label: string
  readonly scheduler: SchedulerKind
  readonly temporalAddress: string | undefined
  readonly tenantId: string
  /** An order that is not ready by then is cancelled, milliseconds. */
  readonly readyWithinMs: number
  /** Of the sender: the orders from `from` to, but not, `to`. */
  readonly from: number
  readonly to: number
  /** Between two orders, milliseconds. */
  readonly everyMs: number
  /** Waits for a line on its standard input before the last one. */
  readonly holdsLast: boolean
  /** Leaves a step's effects out of its transaction, and draws ids anew; the process dies by itself between the two, where asked. */
  readonly plant: { readonly dieAtInvoice: number | undefined } | undefined
}

/** @throws when the process was not started by a check */
export function ordersChildSettings(): OrdersChildSettings {
  const text = process.env['STRESS_CHILD']
  if (text === undefined) throw new Error('STRESS_CHILD is not set; this program is started by pnpm stress.')
  return JSON.parse(text)
}
