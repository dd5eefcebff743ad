import { tenantId, type ShopApp } from './shop-app.ts'

/** How the orders of a log stand. */
export interface Ends {
  readonly orders: number
  readonly shipped: number
  /** Not ready in time. */
  readonly cancelled: number
  /** Payment failed: invoice and order were taken back. */
  readonly compensated: number
  readonly invoices: {
    readonly created: number
    readonly paid: number
    readonly voided: number
    /** Orders with more than one; there must be none. */
    readonly twice: number
  }
}

export interface Waiting {
  readonly orderId: string
  readonly for: string | undefined
  readonly since: string | undefined
}

const types = ['order.created', 'order.shipped', 'order.cancelled', 'invoice.created', 'invoice.paid', 'invoice.voided']

/** Counted in the log itself, event by event. */
export async function readEnds(app: ShopApp): Promise<Ends> {
  const counts = new Map<string, number>()
  const invoicesOf = new Map<string, number>()
  const count = (what: string): unknown => counts.set(what, of(what) + 1)
  const of = (what: string): number => counts.get(what) ?? 0
  for await (const { type, payload } of eventsOf(app, types)) {
    count(type)
    if (type === 'order.cancelled') count(textOf(payload, 'reason').startsWith('payment failed') ? 'compensated' : 'cancelled')
    if (type === 'invoice.created') {
      const orderId = textOf(payload, 'orderId')
      invoicesOf.set(orderId, (invoicesOf.get(orderId) ?? 0) + 1)
    }
  }
  const twice = [...invoicesOf.values()].filter((invoices) => invoices > 1).length
  return {
    orders: of('order.created'),
    shipped: of('order.shipped'),
    cancelled: of('cancelled'),
    compensated: of('compensated'),
    invoices: { created: of('invoice.created'), paid: of('invoice.paid'), voided: of('invoice.voided'), twice },
  }
}

/** How many there are and how many have ended, without reading them. */
export async function countEnds(app: ShopApp): Promise<{ readonly orders: number; readonly ended: number }> {
  const counts = new Map((await app.events.countByType(tenantId)).map(({ type, count }) => [type, count]))
  const ended = (counts.get('order.shipped') ?? 0) + (counts.get('order.cancelled') ?? 0)
  return { orders: counts.get('order.created') ?? 0, ended }
}

/** Ids of the orders that were placed. */
export async function placedOrders(app: ShopApp): Promise<ReadonlySet<string>> {
  const placed = new Set<string>()
  for await (const { aggregateId } of eventsOf(app, ['order.created'])) placed.add(aggregateId)
  return placed
}

/** Instances that have not ended, each with what it waits for. */
export async function waitingOrders(app: ShopApp): Promise<readonly Waiting[]> {
  const all: Waiting[] = []
  for (let after: { processManager: string; tenantId: string; instanceId: string } | undefined; ;) {
    const page = await app.processes.list({ processManager: 'order-fulfilment', status: 'running', after, limit: 1_000 })
    all.push(...page.map((one) => ({ orderId: one.instanceId, for: one.waitingFor, since: one.waitingSince?.toISOString() })))
    after = page.at(-1)
    if (page.length < 1_000) return all
  }
}

async function* eventsOf(app: ShopApp, wanted: readonly string[]) {
  for (let after = 0; ;) {
    const { events, next } = await app.events.readAll({ types: wanted, after, limit: 1_000 })
    yield* events
    if (next === after) return
    after = next
  }
}

function textOf(payload: unknown, field: string): string {
  const value: unknown = typeof payload === 'object' && payload !== null ? Reflect.get(payload, field) : undefined
  return typeof value === 'string' ? value : ''
}
