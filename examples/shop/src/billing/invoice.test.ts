import { BusinessRuleViolation } from '@cairn/core'
import { given } from '@cairn/testing/specs'
import { test } from 'vitest'
import { invoiceCommands } from './invoice-commands.ts'
import { invoiceEvents } from './invoice-events.ts'
import { Invoice } from './invoice.ts'

const invoiceId = 'i-1'
const created = invoiceEvents.created({ orderId: 'o-1', amount: 1_000 })
const received = (amount: number) => invoiceEvents.paymentReceived({ amount, reference: 'r' })
const pay = (amount: number) => invoiceCommands.pay({ invoiceId, amount, reference: 'r' })
const paid = invoiceEvents.paid({ orderId: 'o-1' })

test('an invoice is opened for an order', () => {
  given(Invoice)
    .when(invoiceCommands.create({ orderId: 'o-1', amount: 1_000 }))
    .emits(created)
    .leaves((invoice) => invoice.open === 1_000)
})

test('it is paid when nothing is open, at once or in parts', () => {
  given(Invoice, created).when(pay(1_000)).emits(received(1_000), paid)
  given(Invoice, created)
    .when(pay(400))
    .emits(received(400))
    .leaves((invoice) => invoice.open === 600)
  given(Invoice, created, received(400))
    .when(pay(600))
    .emits(received(600), paid)
    .leaves((invoice) => invoice.status === 'paid')
})

test('nobody pays more than is open, or what is paid, voided or unknown', () => {
  given(Invoice, created, received(400))
    .when(pay(601))
    .rejects(/has 600 open; a payment of 601 is too much/)
  given(Invoice, created, received(1_000), paid).when(pay(1)).rejects(BusinessRuleViolation)
  given(Invoice, created, invoiceEvents.voided({ reason: 'x' }))
    .when(pay(1))
    .rejects(/cannot be paid: it is voided/)
  given(Invoice)
    .when(pay(1))
    .rejects(/it is none, not open/)
})

test('an open invoice can be voided, a paid one cannot', () => {
  given(Invoice, created)
    .when(invoiceCommands.void({ invoiceId, reason: 'typo' }))
    .emits(invoiceEvents.voided({ reason: 'typo' }))
  given(Invoice, created, received(1_000), paid)
    .when(invoiceCommands.void({ invoiceId, reason: 'typo' }))
    .rejects(/cannot be voided: it is paid/)
})
