import { BusinessRuleViolation, Registry } from '@cairn/core'
import { given } from '@cairn/testing/specs'
import { expect, test } from 'vitest'
import { loans, Loan, loanCommands, loanEvents, installmentsOf, Payment, payments, paymentCommands, paymentEvents } from './index.ts'
import { monthsLater } from './payments/installments.ts'

const loanId = 'l-1'
const terms = { principal: 120_000, rate: 600, months: 12 }
const fundedOn = '2026-01-31'
const created = loanEvents.Created({ borrowerId: 'b-1', ...terms })
const funded = loanEvents.Funded({ fundedOn, ...terms })
const schedule = paymentEvents.ScheduleGenerated({ loanId, installments: [...installmentsOf(terms, fundedOn)] })
const first = installmentsOf(terms, fundedOn)[0]?.amount ?? 0

test('the types follow the naming convention Domain.Action', () => {
  expect(new Registry([loans, payments], { naming: 'Domain.Action' }).eventTypes).toContain('Payment.ScheduleGenerated')
  expect(() => new Registry([loans, payments])).toThrow(/naming convention/)
})

test('installments come due on the day of the funding, or the last of the month, and add up to the whole', () => {
  const installments = installmentsOf(terms, fundedOn)
  expect(installments.map(({ dueOn }) => dueOn).slice(0, 4)).toEqual(['2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31'])
  expect(installments).toHaveLength(12)
  // 1,200.00 at 6 % over a year: 103.28 a month.
  expect(first).toBe(10_327)
  expect(installments.reduce((sum, { amount }) => sum + amount, 0)).toBe(123_936)
  expect(installmentsOf({ principal: 100, rate: 0, months: 3 }, fundedOn).map(({ amount }) => amount)).toEqual([33, 33, 34])
  expect(monthsLater('2027-12-31', 2)).toBe('2028-02-29')
})

test('a loan is offered, funded and modified; the events carry the terms that hold', () => {
  given(Loan)
    .when(loanCommands.Create({ borrowerId: 'b-1', ...terms }))
    .emits(created)
  given(Loan, created).when(loanCommands.Fund({ loanId, fundedOn })).emits(funded)
  given(Loan, created, funded)
    .when(loanCommands.Modify({ loanId, reason: 'hardship', months: 24 }))
    .emits(loanEvents.Modified({ reason: 'hardship', fundedOn, ...terms, months: 24 }))
  given(Loan, created, funded)
    .when(loanCommands.Fund({ loanId, fundedOn }))
    .rejects(/funded, not offered/)
  given(Loan, created, funded).when(loanCommands.SettleUp({ loanId })).emits(loanEvents.PaidOff())
  given(Loan, created, funded, loanEvents.PaidOff()).when(loanCommands.SettleUp({ loanId })).emits()
})

test('the next installment is paid, all of it; the last one completes the schedule', () => {
  given(Payment, schedule)
    .when(paymentCommands.Receive({ paymentId: loanId, amount: first }))
    .emits(paymentEvents.Received({ loanId, number: 1, amount: first }))
  given(Payment, schedule)
    .when(paymentCommands.Receive({ paymentId: loanId, amount: 1 }))
    .rejects(/is 10327 cents, not 1/)
  given(Payment)
    .when(paymentCommands.Receive({ paymentId: loanId, amount: 1 }))
    .rejects(BusinessRuleViolation)
  const last = paymentEvents.ScheduleGenerated({ loanId, installments: [{ number: 12, dueOn: fundedOn, amount: 5 }] })
  given(Payment, last)
    .when(paymentCommands.Receive({ paymentId: loanId, amount: 5 }))
    .emits(paymentEvents.Received({ loanId, number: 12, amount: 5 }), paymentEvents.Completed({ loanId }))
})

test('an installment is charged one late fee, and none when it was paid', () => {
  const fee = paymentEvents.LateFeeCharged({ loanId, number: 1, fee: 516 })
  given(Payment, schedule)
    .when(paymentCommands.ChargeLateFee({ paymentId: loanId, number: 1 }))
    .emits(fee)
  given(Payment, schedule, fee)
    .when(paymentCommands.ChargeLateFee({ paymentId: loanId, number: 1 }))
    .emits()
  given(Payment, schedule, paymentEvents.Received({ loanId, number: 1, amount: first }))
    .when(paymentCommands.ChargeLateFee({ paymentId: loanId, number: 1 }))
    .emits()
})

test('new terms change what is still open', () => {
  given(Payment, schedule, paymentEvents.Received({ loanId, number: 1, amount: first }))
    .when(paymentCommands.UpdateSchedule({ paymentId: loanId, fundedOn, ...terms, months: 6 }))
    .leaves((payment) => payment.open.length === 5 && payment.open[0]?.number === 2)
})
