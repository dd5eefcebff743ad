import type { LineAdded } from './payload.ts'

/** The state that every system folds: small, so that the store is measured and not the fold. */
export interface Basket {
  readonly lines: number
  readonly total: number
}

export const emptyBasket = (): Basket => ({ lines: 0, total: 0 })

export function addLine(basket: Basket, line: LineAdded): Basket {
  return { lines: basket.lines + 1, total: basket.total + line.quantity * line.price }
}

/** The rule that every command checks, so that no system can skip the load. */
export function mustBeOpen(basket: Basket): void {
  if (basket.lines === 0) throw new Error('The basket does not exist: its history was not loaded.')
}
