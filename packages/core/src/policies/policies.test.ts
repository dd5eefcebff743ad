import { describe, expect, it } from 'vitest'
import type { Command } from '../contracts/index.ts'
import { Policies, type PolicyContext } from './policies.ts'

function context(type: string, role?: string, userId?: string): PolicyContext {
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  const command: Command = { id: 'i', tenantId: 't', type, aggregateType: 'order', aggregateId: 'o', payload: { total: 5 }, metadata }
  return { command, tenantId: 't', role, userId }
}

describe('Policies', () => {
  it('allow everything while there is none', () => {
    expect(new Policies().isCommandAllowed(context('order.create'))).toBe(true)
  })

  it('deny whatever none of them allows', () => {
    const policies = new Policies().allow('order.create').allow('invoice.*')
    expect(
      ['order.create', 'invoice.pay', 'order.cancel', 'order.createX', 'invoices.pay'].map((type) =>
        policies.isCommandAllowed(context(type)),
      ),
    ).toEqual([true, true, false, false, false])
  })

  it('look at the role where they name some', () => {
    const policies = new Policies().allow('*', { roles: ['clerk', 'boss'] })
    expect([undefined, 'clerk', 'boss', 'guest'].map((role) => policies.isCommandAllowed(context('order.create', role)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('want every condition to hold, named or not', () => {
    const policies = new Policies()
      .registerCondition('knows who', ({ userId }) => userId !== undefined)
      .allow('order.*', { when: ['knows who', ({ command }) => JSON.stringify(command.payload).includes('5')] })
    expect(policies.isCommandAllowed(context('order.create', undefined, 'u'))).toBe(true)
    expect(policies.isCommandAllowed(context('order.create'))).toBe(false)
    expect(policies.evaluateCondition('knows who', context('order.create'))).toBe(false)
  })

  it('name the conditions they have when asked for another one', () => {
    const policies = new Policies().registerCondition('one', () => true)
    expect(() => policies.evaluateCondition('two', context('order.create'))).toThrow('Known: one.')
    expect(() => policies.registerCondition('one', () => true)).toThrow('registered already')
  })

  it('are found incomplete at boot when a condition is missing', () => {
    const policies = new Policies().allow('*', { when: 'later' })
    expect(() => policies.assertComplete()).toThrow('"later"')
    policies.registerCondition('later', () => true)
    expect(() => policies.assertComplete()).not.toThrow()
  })
})
