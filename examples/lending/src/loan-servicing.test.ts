import { after } from '@cairn/core'
import { givenProcess, inStream } from '@cairn/testing/specs'
import { test } from 'vitest'
import { loanServicing } from './loan-servicing.ts'
import { loanCommands, loanEvents } from './loans/index.ts'
import { paymentCommands, paymentEvents } from './payments/index.ts'

const loanId = 'l-1'
const terms = { principal: 120_000, rate: 0, months: 2 }
const fundedOn = '2026-01-01'
const funded = inStream(loanId, loanEvents.Funded({ fundedOn, ...terms }))
const first = { number: 1, dueOn: '2026-02-01', amount: 60_000 }
const second = { number: 2, dueOn: '2026-03-01', amount: 60_000 }
const at = (recordedAt: string, ...events: readonly Parameters<typeof inStream>[1][]) =>
  inStream({ aggregateId: loanId, aggregateType: 'Payment', recordedAt }, ...events)
const scheduled = at('2026-01-01T00:00:00Z', paymentEvents.ScheduleGenerated({ loanId, installments: [first, second] }))
const lateFee = (number: number, days: number) =>
  after({ days }, paymentCommands.ChargeLateFee({ paymentId: loanId, number }), { timer: `late-${number}` })

test('a funded loan gets its payment schedule', () => {
  givenProcess(loanServicing)
    .when(funded)
    .sends(paymentCommands.GenerateSchedule({ paymentId: loanId, fundedOn, ...terms }))
    .waitsFor('the payment schedule')
    .whenRedelivered()
})

test('each installment of a schedule has a timer for its late fee, ten days behind its day', () => {
  givenProcess(loanServicing, funded)
    .when(scheduled)
    .sends(lateFee(1, 41), lateFee(2, 69))
    .leaves({ watched: [1, 2] })
    .whenRedelivered()
})

test('what is paid costs no late fee', () => {
  givenProcess(loanServicing, funded, scheduled)
    .when(at('2026-01-20T00:00:00Z', paymentEvents.Received({ loanId, number: 1, amount: 60_000 })))
    .sends()
    .cancels('late-1')
    .leaves({ watched: [2] })
    .waitsFor('the payment after installment 1')
})

test('a modified loan gets another schedule, whose installments are watched in place of the old ones', () => {
  const modified = { reason: 'relief', fundedOn, ...terms, months: 3 }
  givenProcess(loanServicing, funded, scheduled)
    .when(inStream(loanId, loanEvents.Modified(modified)))
    .sends(paymentCommands.UpdateSchedule({ paymentId: loanId, fundedOn, ...terms, months: 3 }))
  givenProcess(loanServicing, funded, scheduled)
    .when(at('2026-01-11T00:00:00Z', paymentEvents.ScheduleUpdated({ loanId, installments: [{ ...second, number: 3 }] })))
    .sends(lateFee(3, 59))
    .cancels('late-1', 'late-2')
    .leaves({ watched: [3] })
})

test('a loan that is not funded yet has no schedule to change', () => {
  givenProcess(loanServicing)
    .when(inStream(loanId, loanEvents.Modified({ reason: 'x', fundedOn: null, ...terms })))
    .sends()
})

test('the last payment settles the loan and ends all of it', () => {
  givenProcess(loanServicing, funded, scheduled)
    .when(at('2026-01-20T00:00:00Z', paymentEvents.Completed({ loanId })))
    .sends(loanCommands.SettleUp({ loanId }))
    .cancels('late-1', 'late-2')
    .ends()
    .whenRedelivered()
})
