import { derivedUuid } from '@cairn/core'

/** What happens to an order after it was placed. */
export type Path = 'paid' | 'payment fails' | 'never ready'
/** How its commands come: put aside by an app, as rows of SQL, or carried out by the caller himself. */
export type Way = 'async' | 'sql' | 'direct'

const paths: readonly Path[] = ['paid', 'never ready', 'paid', 'payment fails']
const ways: readonly Way[] = ['async', 'sql', 'direct']

export interface PlannedOrder {
  readonly orderId: string
  readonly path: Path
  readonly way: Way
}

/** An order's number, from 0, decides everything about it: whoever goes on where another was killed sends the same commands. */
export function plannedOrder(number: number): PlannedOrder {
  return {
    orderId: `order-${String(number).padStart(5, '0')}`,
    path: paths[number % paths.length] ?? 'paid',
    way: ways[number % ways.length] ?? 'async',
  }
}

/** Orders that are placed before everything is killed, and are due while nothing runs. */
export const lateOrders: readonly string[] = ['late-1', 'late-2', 'late-3']

/** Undefined for those that are never ready, and those of which nothing is known: nobody would pay them. */
export function pathOf(orderId: string): Path | undefined {
  const [, digits] = /^order-(\d+)$/.exec(orderId) ?? []
  return digits === undefined ? undefined : plannedOrder(Number(digits)).path
}

/** The id of one of the commands that come from outside: the same however often, and by whomever, it is sent. */
export function commandIdOf(what: 'create' | 'ready' | 'payment', about: string): string {
  return derivedUuid('stress orders', what, about)
}

/** Commands that the sender sends for an order. */
export function sentCommands({ orderId, path }: PlannedOrder): readonly string[] {
  const create = commandIdOf('create', orderId)
  return path === 'never ready' ? [create] : [create, commandIdOf('ready', orderId)]
}

export const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
