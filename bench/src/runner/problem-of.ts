import type { Measured } from '../child/protocol.ts'
import type { Row } from '../rows/row.ts'

/** Why a measurement does not count. What should be stored is counted in the database, so a system that loses work cannot win. */
export function problemOf(row: Row, measured: Measured, beside: boolean): string | undefined {
  if (measured.failed > 0) return `${measured.failed} callers failed: ${measured.firstError}`
  const { shape } = row
  const perOperation = shape.kind === 'load' ? 0 : shape.kind === 'append' ? shape.eventsPerAppend : 1
  const expected = measured.operations * perOperation
  if (measured.eventsAdded !== expected) return `${measured.eventsAdded} events are stored, ${expected} were acknowledged`
  const receipts = shape.kind === 'load' ? 0 : measured.operations
  if (!beside && measured.receiptsAdded !== undefined && measured.receiptsAdded !== receipts) {
    return `${measured.receiptsAdded} receipts are stored, ${receipts} commands were acknowledged`
  }
  return undefined
}
