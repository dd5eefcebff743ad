import { defineDomain } from '@cairn/core'
import { loanServicing } from './loan-servicing.ts'
import { Loan } from './loans/index.ts'
import { Payment } from './payments/index.ts'

export { loanServicing } from './loan-servicing.ts'
export { Loan, loanCommands, loanEvents, Terms } from './loans/index.ts'
export { Installment, installmentsOf, Payment, paymentCommands, paymentEvents } from './payments/index.ts'

export const loans = defineDomain('loans', { aggregates: [Loan], processManagers: [loanServicing] })
export const payments = defineDomain('payments', { aggregates: [Payment] })
