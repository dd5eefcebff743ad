import { derivedUuid } from '@cairn/core'
import { installmentsOf, loanEvents, paymentEvents } from '@cairn/example-lending'
import type { RecordedAppend } from './recorded-orders.ts'

/** A history of loans of two tenants with fixed ids: funded, modified, paid off or not. Their due days are years away. */
export function recordedLoans(count: number): readonly RecordedAppend[] {
  const appends: RecordedAppend[] = []
  const add = (loan: number, aggregateType: 'Loan' | 'Payment', event: { readonly type: string; readonly payload: unknown }): void => {
    const stream = { tenantId: loan % 3 === 0 ? 'beta' : 'acme', aggregateType, aggregateId: `loan-${loan}` }
    const metadata = { correlationId: `c-${loan}`, causationId: `x-${loan}`, schemaVersion: 1, userId: 'u-1' }
    appends.push({ stream, event: { id: derivedUuid('recorded-loan', String(appends.length)), ...event, metadata } })
  }
  const fundedOn = '2095-01-31'
  // Loans overlap: each begins while the ones before it are under way.
  for (let tick = 0; appends.length < count; tick++) {
    add(tick, 'Loan', loanEvents.Created({ borrowerId: `b-${tick % 10}`, ...termsOf(tick) }))
    if (tick % 6 === 5) add(tick, 'Loan', loanEvents.Modified({ reason: 'before it was funded', fundedOn: null, ...termsOf(tick) }))
    const funded = tick - 1
    if (funded >= 0) add(funded, 'Loan', loanEvents.Funded({ fundedOn, ...termsOf(funded) }))
    const scheduled = tick - 2
    if (scheduled >= 0) {
      const installments = installmentsOf(termsOf(scheduled), fundedOn)
      add(scheduled, 'Payment', paymentEvents.ScheduleGenerated({ loanId: `loan-${scheduled}`, installments: [...installments] }))
    }
    const modified = tick - 4
    if (modified >= 0 && modified % 3 === 1) {
      const terms = { ...termsOf(modified), months: 6 }
      add(modified, 'Loan', loanEvents.Modified({ reason: 'longer', fundedOn, ...terms }))
      const installments = [...installmentsOf(terms, fundedOn)]
      add(modified, 'Payment', paymentEvents.ScheduleUpdated({ loanId: `loan-${modified}`, installments }))
    }
    const paid = tick - 6
    if (paid < 0 || paid % 3 === 1) continue
    const installments = installmentsOf(termsOf(paid), fundedOn)
    for (const { number, amount } of paid % 2 === 0 ? installments : installments.slice(0, 1)) {
      add(paid, 'Payment', paymentEvents.Received({ loanId: `loan-${paid}`, number, amount }))
    }
    if (paid % 2 === 0) add(paid, 'Payment', paymentEvents.Completed({ loanId: `loan-${paid}` }))
  }
  return appends.slice(0, count)
}

function termsOf(loan: number) {
  return { principal: 100_000 + loan, rate: 450, months: 2 + (loan % 4) }
}
