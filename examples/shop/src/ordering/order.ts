import { aggregate, BusinessRuleViolation, versions } from '@cairn/core'
import { z } from 'zod'
import { totalOf } from './line.ts'
import { orderCommands } from './order-commands.ts'
import { orderEvents } from './order-events.ts'

const Status = z.enum(['none', 'open', 'ready', 'cancelled', 'shipped'])
const OrderStateV1 = z.object({ status: Status, sum: z.int() })
const OrderState = z.object({ status: Status, total: z.int() })
type OrderState = z.output<typeof OrderState>

/** What a customer ordered: open until it is ready or, when that takes too long, cancelled; shipped when it is paid. */
export class Order extends aggregate(orderEvents, (): OrderState => ({ status: 'none', total: 0 })) {
  static readonly handlers = this.handle(orderCommands, {
    create: (order, command) => order.raise('created', command),
    markReady: (order) => {
      order.mustBe('open')
      order.raise('ready')
    },
    // A timer sends it: an order that is ready, or cancelled already, needs nothing.
    autoCancel: (order) => {
      if (order.state.status === 'open') order.raise('cancelled', { reason: 'not ready in time' })
    },
    // A process sends these two; sent again, they change nothing.
    cancel: (order, { reason }) => {
      if (order.state.status === 'cancelled') return
      order.mustBe('open', 'ready')
      order.raise('cancelled', { reason })
    },
    ship: (order) => {
      if (order.state.status === 'shipped') return
      order.mustBe('ready')
      order.raise('shipped')
    },
  })

  static readonly evolve = this.fold({
    created: (state, event) => ({ ...state, status: 'open', total: totalOf(event.lines) }),
    ready: (state) => ({ ...state, status: 'ready' }),
    cancelled: (state) => ({ ...state, status: 'cancelled' }),
    shipped: (state) => ({ ...state, status: 'shipped' }),
  })

  static readonly snapshots = this.snapshotEvery(
    100,
    versions(OrderStateV1)
      .next(OrderState)
      .from((v1) => ({ status: v1.status, total: v1.sum })),
  )

  private mustBe(...allowed: readonly OrderState['status'][]): void {
    const { status } = this.state
    if (!allowed.includes(status))
      throw new BusinessRuleViolation(`Order ${this.id} is ${status}, not ${allowed.join(' or ')}.`, { details: { status } })
  }
}
