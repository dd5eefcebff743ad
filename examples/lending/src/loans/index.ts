export { loanCommands } from './loan-commands.ts'
export { loanEvents } from './loan-events.ts'
export { Loan } from './loan.ts'
export { Terms } from './terms.ts'
