import { aggregate, BusinessRuleViolation } from '@cairn/core'
import { invoiceCommands } from './invoice-commands.ts'
import { invoiceEvents } from './invoice-events.ts'

interface InvoiceState {
  readonly status: 'none' | 'open' | 'paid' | 'voided'
  readonly orderId: string
  /** In cents, like all amounts here. */
  readonly open: number
}

const none = (): InvoiceState => ({ status: 'none', orderId: '', open: 0 })

/** What is owed for an order. It may be paid in parts; it is paid when nothing is open. */
export class Invoice extends aggregate(invoiceEvents, none) {
  static readonly handlers = this.handle(invoiceCommands, {
    create: (invoice, command) => invoice.raise('created', command),
    pay: (invoice, { amount, reference }) => {
      const { open, orderId } = invoice.openState('paid')
      if (amount > open) {
        throw new BusinessRuleViolation(`Invoice ${invoice.id} has ${open} open; a payment of ${amount} is too much.`, {
          details: { open, amount },
        })
      }
      invoice.raise('paymentReceived', { amount, reference })
      if (amount === open) invoice.raise('paid', { orderId })
    },
    failPayment: (invoice, { reason }) => {
      const { orderId } = invoice.openState('paid')
      invoice.raise('paymentFailed', { orderId, reason })
    },
    void: (invoice, { reason }) => {
      invoice.openState('voided')
      invoice.raise('voided', { reason })
    },
  })

  static readonly evolve = this.fold({
    created: (state, event) => ({ ...state, status: 'open', orderId: event.orderId, open: event.amount }),
    paymentReceived: (state, event) => ({ ...state, open: state.open - event.amount }),
    paymentFailed: (state) => state,
    paid: (state) => ({ ...state, status: 'paid' }),
    voided: (state) => ({ ...state, status: 'voided' }),
  })

  private openState(wanted: string): InvoiceState {
    const { status } = this.state
    if (status === 'open') return this.state
    throw new BusinessRuleViolation(`Invoice ${this.id} cannot be ${wanted}: it is ${status}, not open.`, { details: { status } })
  }
}
