import { after, cancelTimer, defineProcessManager, type Intent } from '@cairn/core'
import { loanCommands, loanEvents } from './loans/index.ts'
import { paymentCommands, paymentEvents, type Installment } from './payments/index.ts'

/** How long after its due day an installment becomes late. */
const graceDays = 10
const dayMs = 86_400_000

interface Servicing {
  /** Installments whose late fee waits for its day. */
  readonly watched: readonly number[]
}

/** Follows a loan from its funding to its last payment: the schedule, late fees, and the loan's own end. */
export const loanServicing = defineProcessManager('loan-servicing', {
  events: [loanEvents, paymentEvents],
  initial: (): Servicing => ({ watched: [] }),
})
  .correlate({
    'Loan.Funded': (event) => event.aggregateId,
    'Loan.Modified': (event) => event.aggregateId,
    'Payment.ScheduleGenerated': (event) => event.payload.loanId,
    'Payment.ScheduleUpdated': (event) => event.payload.loanId,
    'Payment.Received': (event) => event.payload.loanId,
    'Payment.Completed': (event) => event.payload.loanId,
  })
  .on({
    'Loan.Funded': (_state, { aggregateId, payload }) => ({
      send: [paymentCommands.GenerateSchedule({ paymentId: aggregateId, ...payload })],
      waitingFor: 'the payment schedule',
    }),
    'Loan.Modified': (_state, { aggregateId, payload: { fundedOn, principal, rate, months } }) =>
      // Before the money is paid out there is no schedule to change.
      fundedOn === null ? [] : [paymentCommands.UpdateSchedule({ paymentId: aggregateId, fundedOn, principal, rate, months })],
    'Payment.ScheduleGenerated': (_state, { payload, recordedAt }) => watch([], payload.loanId, payload.installments, recordedAt),
    'Payment.ScheduleUpdated': ({ watched }, { payload, recordedAt }) => watch(watched, payload.loanId, payload.installments, recordedAt),
    'Payment.Received': ({ watched }, { payload }) => ({
      state: { watched: watched.filter((number) => number !== payload.number) },
      send: [cancelTimer(timerOf(payload.number))],
      waitingFor: `the payment after installment ${payload.number}`,
    }),
    'Payment.Completed': (_state, { payload }) => ({ send: [loanCommands.SettleUp({ loanId: payload.loanId })], done: true }),
  })

/** Watches a new schedule's installments in place of the old one's. */
function watch(old: readonly number[], loanId: string, installments: readonly Installment[], now: Date) {
  const late = installments.map(({ number, dueOn }): Intent => {
    const lateFrom = Date.parse(dueOn) + graceDays * dayMs
    const milliseconds = Math.max(0, lateFrom - now.getTime())
    return after({ milliseconds }, paymentCommands.ChargeLateFee({ paymentId: loanId, number }), { timer: timerOf(number) })
  })
  return {
    state: { watched: installments.map(({ number }) => number) },
    send: [...old.map((number) => cancelTimer(timerOf(number))), ...late],
    waitingFor: `the payment of ${installments.length} installments`,
  }
}

function timerOf(number: number): string {
  return `late-${number}`
}
