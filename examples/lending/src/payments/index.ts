export { Installment, installmentsOf } from './installments.ts'
export { paymentCommands } from './payment-commands.ts'
export { paymentEvents } from './payment-events.ts'
export { Payment } from './payment.ts'
