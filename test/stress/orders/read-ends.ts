import { pathOf, plannedOrder, sentCommands, type PlannedOrder } from './order-plan.ts'
import type { OrdersRig } from './orders-rig.ts'

/** What the log, the commands and the instances say in the end. */
export interface OrdersEnds {
  readonly shipped: number
  readonly cancelled: number
  readonly compensated: number
  /** Orders whose events, or those of their invoices, are not exactly what they must be. */
  readonly wrongEnds: number
  readonly invoices: { readonly created: number; readonly paid: number; readonly voided: number }
  /** Beyond the first of an order. */
  readonly doubledInvoices: number
  /** Sent and without a trace, not ended, or ended by a failure. */
  readonly lostCommands: number
  readonly stuckInstances: number
  /** Events that a subscription gave up on. */
  readonly parkedEvents: number
  /** The first of what is wrong, for people. */
  readonly example: string | undefined
}

interface Told {
  readonly type: string
  readonly orderId: string
  readonly invoiceId: string | null
  readonly reason: string | null
}

const ends = {
  paid: { order: 'order.created order.ready order.shipped', invoices: ['invoice.created invoice.paymentReceived invoice.paid'] },
  'payment fails': {
    order: 'order.created order.ready order.cancelled(payment failed: no funds)',
    invoices: ['invoice.created invoice.paymentFailed invoice.voided'],
  },
  'never ready': { order: 'order.created order.cancelled(not ready in time)', invoices: [] },
}

/** Counted in the log itself, event by event. */
export async function readEnds(rig: OrdersRig): Promise<OrdersEnds> {
  const events = await rig.query<Told & Record<string, unknown>>(
    `select e.type, e.payload ->> 'reason' as reason,
            case e.aggregate_type when 'order' then e.aggregate_id else (select c.payload ->> 'orderId' from SCHEMA.events c
              where c.stream_id = e.stream_id and c.version = 1) end as "orderId",
            case e.aggregate_type when 'invoice' then e.aggregate_id end as "invoiceId"
       from SCHEMA.events e where e.aggregate_type in ('order', 'invoice') order by e.position`,
  )
  const told = Map.groupBy(events, ({ orderId }) => orderId)
  const planned = Array.from({ length: rig.options.orders }, (_, number) => plannedOrder(number))
  const counts = (type: string, reason = ''): number =>
    events.filter((event) => event.type === type && pathOf(event.orderId) !== undefined && (event.reason ?? '').startsWith(reason)).length
  const wrong = planned.flatMap((order) => wrongEnd(order, told.get(order.orderId) ?? []) ?? [])
  const invoices = Map.groupBy(
    events.filter(({ type }) => type === 'invoice.created'),
    ({ orderId }) => orderId,
  )
  const { lost, lostExample } = await readCommands(rig, planned)
  const [left] = await rig.query<{ stuck: number; parked: number }>(
    `select (select count(*)::int from SCHEMA.process_instances where status <> 'done') as stuck,
            (select count(*)::int from SCHEMA.parked_events) as parked`,
  )
  return {
    shipped: counts('order.shipped'),
    cancelled: counts('order.cancelled', 'not ready'),
    compensated: counts('order.cancelled', 'payment failed'),
    wrongEnds: wrong.length,
    invoices: { created: counts('invoice.created'), paid: counts('invoice.paid'), voided: counts('invoice.voided') },
    doubledInvoices: [...invoices.values()].reduce((sum, { length }) => sum + length - 1, 0),
    lostCommands: lost,
    stuckInstances: left?.stuck ?? 0,
    parkedEvents: left?.parked ?? 0,
    example: wrong[0] ?? lostExample,
  }
}

function wrongEnd({ orderId, path }: PlannedOrder, events: readonly Told[]): string | undefined {
  const textOf = (all: readonly Told[]): string =>
    all.map(({ type, reason }) => (type === 'order.cancelled' ? `${type}(${reason})` : type)).join(' ')
  const order = textOf(events.filter(({ invoiceId }) => invoiceId === null))
  const ofInvoices = Map.groupBy(
    events.filter(({ invoiceId }) => invoiceId !== null),
    ({ invoiceId }) => invoiceId,
  )
  const invoices = [...ofInvoices.values()].map(textOf)
  const right = ends[path]
  if (order === right.order && invoices.join() === right.invoices.join()) return undefined
  return `${orderId} (${path}) has ${order || 'no events'}; invoices: ${invoices.join(', ') || 'none'}`
}

/** Timers that were withdrawn have ended as they should. */
async function readCommands(
  rig: OrdersRig,
  planned: readonly PlannedOrder[],
): Promise<{ readonly lost: number; readonly lostExample: string | undefined }> {
  const rows = await rig.query<{ lost: string }>(
    `select format('command %s of %s: %s', id, aggregate_id, 'not there') as lost
       from (select e ->> 0 as id, e ->> 1 as aggregate_id from jsonb_array_elements($1::jsonb) e) s
      where not exists (select from SCHEMA.commands c where c.tenant_id = $2 and c.id = s.id::uuid)
      union all
     select format('command %s (%s) of %s: %s %s', id, type, aggregate_id, status, error ->> 'message') from SCHEMA.commands
      where status <> 'processed' and (status = 'failed' and error ->> 'code' = 'CAIRN_COMMAND_CANCELLED') is not true`,
    [JSON.stringify(planned.flatMap((order) => sentCommands(order).map((id) => [id, order.orderId]))), rig.options.tenantId],
  )
  return { lost: rows.length, lostExample: rows[0]?.lost }
}
