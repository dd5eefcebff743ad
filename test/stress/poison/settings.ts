import type { CheckDatabase } from '../support/check-database.ts'
import type { LedgerCode } from './ledger.ts'

/** What the check tells the command, in STRESS_CHILD. */
export interface PoisonSettings {
  readonly database: CheckDatabase
  readonly code: LedgerCode
}
