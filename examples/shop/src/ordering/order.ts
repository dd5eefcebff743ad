import { aggregate, BusinessRuleViolation, versions } from '@cairn/core'
import { z } from 'zod'
import { totalOf } from './line.ts'
import { orderCommands } from './order-commands.ts'
import { orderEvents } from './order-events.ts'

const Status = z.enum(['none', 'open', 'ready', 'cancelled'])
const OrderStateV1 = z.object({ status: Status, sum: z.int() })
const OrderState = z.object({ status: Status, total: z.int() })
type OrderState = z.output<typeof OrderState>

/** What a customer ordered: open until it is ready or, when that takes too long, cancelled. */
export class Order extends aggregate(orderEvents, (): OrderState => ({ status: 'none', total: 0 })) {
  static readonly handlers = this.handle(orderCommands, {
    create: (order, command) => order.raise('created', command),
    markReady: (order) => {
      order.mustBeOpen()
      order.raise('ready')
    },
    // A timer sends it: an order that is ready, or cancelled already, needs nothing.
    autoCancel: (order) => {
      if (order.state.status === 'open') order.raise('cancelled', { reason: 'not ready in time' })
    },
  })

  static readonly evolve = this.fold({
    created: (state, event) => ({ ...state, status: 'open', total: totalOf(event.lines) }),
    ready: (state) => ({ ...state, status: 'ready' }),
    cancelled: (state) => ({ ...state, status: 'cancelled' }),
  })

  static readonly snapshots = this.snapshotEvery(
    100,
    versions(OrderStateV1)
      .next(OrderState)
      .from((v1) => ({ status: v1.status, total: v1.sum })),
  )

  private mustBeOpen(): void {
    const { status } = this.state
    if (status !== 'open') throw new BusinessRuleViolation(`Order ${this.id} is ${status}, not open.`, { details: { status } })
  }
}
