import { aggregate, BusinessRuleViolation } from '@cairn/core'
import { loanCommands } from './loan-commands.ts'
import { loanEvents } from './loan-events.ts'
import type { Terms } from './terms.ts'

interface LoanState {
  readonly status: 'none' | 'offered' | 'funded' | 'paid-off'
  readonly terms: Terms
  readonly fundedOn: string | null
}

/** A loan: offered, funded, perhaps modified on the way, and at last paid off. */
export class Loan extends aggregate(loanEvents, (): LoanState => ({
  status: 'none',
  terms: { principal: 0, rate: 0, months: 0 },
  fundedOn: null,
})) {
  static readonly handlers = this.handle(loanCommands, {
    Create: (loan, command) => loan.raise('Created', command),
    Fund: (loan, { fundedOn }) => {
      loan.mustBe('offered')
      loan.raise('Funded', { fundedOn, ...loan.state.terms })
    },
    Modify: (loan, { reason, rate, months }) => {
      loan.mustBe('offered', 'funded')
      const { terms, fundedOn } = loan.state
      loan.raise('Modified', { reason, fundedOn, principal: terms.principal, rate: rate ?? terms.rate, months: months ?? terms.months })
    },
    // A process sends it when the last installment is paid: a second one changes nothing.
    SettleUp: (loan) => {
      if (loan.state.status === 'funded') loan.raise('PaidOff')
    },
  })

  static readonly evolve = this.fold({
    Created: (state, { principal, rate, months }) => ({ ...state, status: 'offered', terms: { principal, rate, months } }),
    Funded: (state, { fundedOn }) => ({ ...state, status: 'funded', fundedOn }),
    Modified: (state, { principal, rate, months }) => ({ ...state, terms: { principal, rate, months } }),
    PaidOff: (state) => ({ ...state, status: 'paid-off' }),
  })

  private mustBe(...allowed: readonly LoanState['status'][]): void {
    const { status } = this.state
    if (!allowed.includes(status))
      throw new BusinessRuleViolation(`Loan ${this.id} is ${status}, not ${allowed.join(' or ')}.`, { details: { status } })
  }
}
