import { aggregate, BusinessRuleViolation } from '@cairn/core'
import { installmentsOf, type Installment } from './installments.ts'
import { paymentCommands } from './payment-commands.ts'
import { paymentEvents } from './payment-events.ts'

/** 5 % of an installment, and 5.00 at least. */
const lateFee = ({ amount }: Installment): number => Math.max(500, Math.round(amount / 20))

interface PaymentState {
  readonly open: readonly Installment[]
  /** Installments with a late fee, which is charged once. */
  readonly late: readonly number[]
  readonly paid: number
  readonly planned: boolean
}

/** The payments of one loan, whose id it shares: its schedule, what was paid, what was late. */
export class Payment extends aggregate(paymentEvents, (): PaymentState => ({ open: [], late: [], paid: 0, planned: false })) {
  static readonly handlers = this.handle(paymentCommands, {
    GenerateSchedule: (payment, { fundedOn, ...terms }) => {
      if (payment.state.planned) return
      payment.raise('ScheduleGenerated', { loanId: payment.id, installments: [...installmentsOf(terms, fundedOn)] })
    },
    UpdateSchedule: (payment, { fundedOn, ...terms }) => {
      payment.mustBePlanned()
      const installments = installmentsOf(terms, fundedOn).filter(({ number }) => number > payment.state.paid)
      payment.raise('ScheduleUpdated', { loanId: payment.id, installments })
      if (installments.length === 0) payment.raise('Completed', { loanId: payment.id })
    },
    Receive: (payment, { amount }) => {
      payment.mustBePlanned()
      const [next, ...rest] = payment.state.open
      if (next === undefined) throw new BusinessRuleViolation(`Loan ${payment.id} is paid off.`)
      if (amount !== next.amount) {
        throw new BusinessRuleViolation(`Installment ${next.number} of loan ${payment.id} is ${next.amount} cents, not ${amount}.`, {
          details: { due: next.amount, amount },
        })
      }
      payment.raise('Received', { loanId: payment.id, number: next.number, amount })
      if (rest.length === 0) payment.raise('Completed', { loanId: payment.id })
    },
    // A timer sends it: what was paid meanwhile, or has its fee, needs none.
    ChargeLateFee: (payment, { number }) => {
      const installment = payment.state.open.find((open) => open.number === number)
      if (installment === undefined || payment.state.late.includes(number)) return
      payment.raise('LateFeeCharged', { loanId: payment.id, number, fee: lateFee(installment) })
    },
  })

  static readonly evolve = this.fold({
    ScheduleGenerated: (state, { installments }) => ({ ...state, open: installments, planned: true }),
    ScheduleUpdated: (state, { installments }) => ({ ...state, open: installments }),
    Received: (state, { number }) => ({ ...state, open: state.open.filter((open) => open.number !== number), paid: number }),
    LateFeeCharged: (state, { number }) => ({ ...state, late: [...state.late, number] }),
    Completed: (state) => state,
  })

  private mustBePlanned(): void {
    if (!this.state.planned) throw new BusinessRuleViolation(`Loan ${this.id} has no payment schedule.`)
  }
}
