import { defineCommands, defineDecider, defineDomain, defineEvents, lintDomains, type Domain } from '@cairn/core'
import { gitHistory } from '@cairn/example-git-history'
import { loans, payments } from '@cairn/example-lending'
import { billing, fulfilment, invoiceEvents, monitoring, shop } from '@cairn/example-shop'
import { systemTest } from '@cairn/testing/system'
import { expect, test } from 'vitest'
import { z } from 'zod'

const keep = (n: number): number => n

test.each<readonly [string, readonly Domain[], 'domain.action' | 'Domain.Action']>([
  ['shop', [shop, billing, fulfilment, monitoring], 'domain.action'],
  ['lending', [loans, payments], 'Domain.Action'],
  ['git-history', [gitHistory], 'domain.action'],
  ['system-test', [systemTest], 'domain.action'],
])('there is nothing to mend in %s', (_, domains, naming) => {
  const findings = lintDomains(domains, { naming })
  expect(findings.filter(({ severity }) => severity === 'warning')).toEqual([])
})

test('the shop’s process manager beside invoices that take other commands: each command that it sends to nobody is named, once', () => {
  // `create` comes out of the second event of an order alone, and `void` out of a failed payment.
  const invoices = defineDecider(invoiceEvents, () => 0)
    .evolve({ created: keep, paymentReceived: keep, paid: keep, paymentFailed: keep, voided: keep })
    .decide(defineCommands('invoice', { open: z.object({}) }), { open: () => [] })
  const others = defineDomain('others', { aggregates: [invoices] })
  const findings = lintDomains([shop, others, fulfilment]).filter(({ severity }) => severity === 'warning')
  expect(findings.map(({ rule, message }) => [rule, message.split(',')[0]])).toEqual([
    ['unknown-command-sent', 'Process manager order-fulfilment sends invoice.create'],
    ['unknown-command-sent', 'Process manager order-fulfilment sends invoice.void'],
  ])
})

test('the events of a domain that nothing else reads are worth knowing', () => {
  const events = defineEvents('lamp', { lit: z.object({}) })
  const lamp = defineDecider(events, () => 0)
    .evolve({ lit: (n) => n })
    .decide(defineCommands('lamp', { light: z.object({}) }), { light: () => [events.lit()] })
  expect(lintDomains([defineDomain('house', { aggregates: [lamp] })])).toMatchObject([
    { rule: 'unread-event', severity: 'info', subject: 'event lamp.lit' },
  ])
})
