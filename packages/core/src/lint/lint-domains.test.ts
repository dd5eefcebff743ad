import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineDecider } from '../aggregate/define-decider.ts'
import type { AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import { creates } from '../definition/creates.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { DefinitionError } from '../errors/domain.ts'
import { Policies } from '../policies/policies.ts'
import { defineProcessManager } from '../process-managers/define-process-manager.ts'
import { after } from '../process-managers/intents.ts'
import type { ProcessManagerDefinition } from '../process-managers/process-manager.ts'
import type { ProjectionDefinition } from '../read-models/projection-definition.ts'
import type { RoleAccess } from '../read-models/table-model.ts'
import { defineDomain, type Domain } from '../registry/define-domain.ts'
import { defaultFailurePolicy } from '../subscriptions/failure-policy.ts'
import { domainRules, type DomainRule } from './domain-finding.ts'
import { lintDomains, type LintDomainsOptions } from './lint-domains.ts'

const orderEvents = defineEvents('order', {
  placed: z.object({ customerId: z.string(), kind: z.enum(['normal', 'gift']), coupon: z.string().optional() }),
  paid: z.object({ invoiceId: z.uuid() }),
})
const orderCommands = defineCommands('order', {
  place: creates(z.object({ customerId: z.string() })),
  pay: z.object({ invoiceId: z.uuid() }),
})
const order = defineDecider(orderEvents, () => ({ n: 0 }))
  .evolve({ placed: (s) => s, paid: (s) => s })
  .decide(orderCommands, { place: () => [], pay: () => [] })

const invoiceEvents = defineEvents('invoice', { sent: z.object({}) })
const invoiceCommands = defineCommands('invoice', { send: z.object({}), remind: z.object({}) })
const invoice = decider(invoiceEvents, invoiceCommands)

/** A function that answers nothing, for each name. */
function none(names: Iterable<string>): Record<string, () => never[]> {
  return Object.fromEntries([...names].map((name) => [name, () => []]))
}

/** An aggregate that does nothing. */
function decider(events: typeof invoiceEvents, commands: typeof invoiceCommands): AggregateDefinition
function decider(events: ReturnType<typeof defineEvents>, commands: ReturnType<typeof defineCommands>): AggregateDefinition
function decider(events: ReturnType<typeof defineEvents>, commands: ReturnType<typeof defineCommands>): AggregateDefinition {
  return defineDecider(events, () => ({ n: 0 }))
    .evolve(none(events.$models.keys()) as never)
    .decide(commands, none(commands.$models.keys()) as never)
}

/** Reads these events into one table. */
function projection(name: string, types: readonly string[], readAccess?: Readonly<Record<string, RoleAccess>>): ProjectionDefinition {
  const table = name.replaceAll('-', '_')
  return {
    name,
    version: 1,
    types,
    tables: new Map([[table, { name: table, columns: [], key: ['id'], indexes: [], readAccess }]]),
    mode: 'async',
    partitions: 1,
    partitionBy: 'none',
    keyOf: () => '',
    apply: () => undefined,
    failure: defaultFailurePolicy,
  }
}

function textOf(payload: object, field: string): string | undefined {
  const value: unknown = Object.entries(payload).find(([name]) => name === field)?.[1]
  return typeof value === 'string' ? value : undefined
}

const all: RoleAccess = { rule: { rows: 'all' }, hidden: [] }
const everything = projection('everything', ['order.placed', 'order.paid'])

function shop(parts: Partial<Omit<Domain, 'name'>> = {}): Domain {
  return defineDomain('shop', { aggregates: [order], projections: [everything], ...parts })
}

const payment = (commands: () => ReturnType<typeof orderCommands.pay>) =>
  defineProcessManager('payment', { events: [orderEvents], initial: () => ({ gifts: 0 }) })
    .correlate({ 'order.placed': (e) => e.payload.customerId })
    .on({
      // In the third state, and only after presents: what is sent is not what one example shows.
      'order.placed': ({ gifts }, e) =>
        gifts === 2 ? [commands()] : { state: { gifts: e.payload.kind === 'gift' ? gifts + 1 : gifts }, send: [] },
    })

const reported = new Set<DomainRule>()

const expiring = (reminded: boolean) =>
  defineProcessManager('expiring', {
    events: [orderEvents],
    expiresAfter: { days: 30 },
    expired: () => (reminded ? [invoiceCommands.remind({ invoiceId: 'i' })] : []),
  })
    .correlate({ 'order.placed': (e) => e.aggregateId })
    .on({ 'order.placed': () => [] })

function found(domains: readonly Domain[], options: LintDomainsOptions = {}): readonly (readonly [DomainRule, string])[] {
  return lintDomains(domains, options).map(({ rule, subject }) => {
    reported.add(rule)
    return [rule, subject]
  })
}

describe('lintDomains', () => {
  test('has nothing to say of a sound domain', () => {
    const sound = payment(() => orderCommands.pay({ orderId: 'o', invoiceId: '00000000-0000-7000-8000-000000000001' }))
    const policies = new Policies().allow('order.place', { roles: ['customer', 'staff'] }).allow('order.*', { roles: ['staff'] })
    const read = projection('orders', ['order.placed', 'order.paid'], { customer: all, staff: all, '*': all })
    expect(lintDomains([shop({ processManagers: [sound], projections: [read] })], { policies })).toEqual([])
    expect(lintDomains([shop()], { policies: new Policies() })).toEqual([])
  })

  test('has nothing to say of the timers of those that expire, and looks at what they send then', () => {
    const policies = new Policies().allow('order.*', { roles: ['staff'] })
    expect(lintDomains([shop({ processManagers: [expiring(false)] })], { policies })).toEqual([])
    expect(found([shop({ processManagers: [expiring(true)] })])).toEqual([['unknown-command-sent', 'process manager expiring']])
  })

  const broken = defineProcessManager('broken', { events: [orderEvents] })
    // A field of another event, as a cast or plain JavaScript lets it through.
    .correlate({ 'order.placed': (e) => textOf(e.payload, 'invoiceId') })
    .on({ 'order.placed': () => [] })
  const late = defineProcessManager('late', { events: [orderEvents] })
    .correlate({ 'order.paid': (e) => e.payload.invoiceId })
    .on({ 'order.paid': (_, e) => [after({ days: 3 }, invoiceCommands.remind({ invoiceId: e.payload.invoiceId }))] })

  test.each<readonly [string, readonly Domain[], readonly (readonly [DomainRule, string])[]]>([
    [
      'a command that no domain handles, in whatever state it is sent',
      [shop({ processManagers: [payment(() => invoiceCommands.send({ invoiceId: 'i' }) as never)] })],
      [['unknown-command-sent', 'process manager payment']],
    ],
    ['a command for later that no domain handles', [shop({ processManagers: [late] })], [['unknown-command-sent', 'process manager late']]],
    [
      'a correlation over a field that the event has not',
      [shop({ processManagers: [broken] })],
      [['never-correlates', 'process manager broken']],
    ],
    ['an event that nobody reads', [shop({ projections: [projection('some', ['order.placed'])] })], [['unread-event', 'event order.paid']]],
    ['a domain of nothing', [shop(), defineDomain('nothing', { aggregates: [] })], [['empty-domain', 'domain nothing']]],
    [
      'a tenant in a payload',
      [
        defineDomain('house', {
          aggregates: [decider(defineEvents('lamp', {}), defineCommands('lamp', { lit: z.object({ tenantId: z.string() }) }))],
        }),
      ],
      [['tenant-in-payload', 'command lamp.lit']],
    ],
    [
      'one name for a command and an event',
      [
        shop({
          aggregates: [order, decider(defineEvents('lamp', { lit: z.object({}) }), defineCommands('lamp', { lit: z.object({}) }))],
          projections: [everything, projection('lamps', ['lamp.lit'])],
        }),
      ],
      [['shared-name', 'command lamp.lit']],
    ],
    [
      'a projection under the name of a process manager’s checkpoint',
      [shop({ processManagers: [late], aggregates: [order, invoice], projections: [everything, projection('pm-late', ['invoice.sent'])] })],
      [['subscription-name-taken', 'projection pm-late']],
    ],
    [
      'a field in another style than the others',
      [
        shop({
          aggregates: [
            order,
            decider(defineEvents('lamp', { lit: z.object({ lit_by: z.string() }) }), defineCommands('lamp', { light: z.object({}) })),
          ],
          projections: [everything, projection('lamps', ['lamp.lit'])],
        }),
      ],
      [['mixed-field-names', 'field lit_by']],
    ],
  ])('finds %s, once', (_, domains, expected) => {
    expect(found(domains)).toEqual(expected)
  })

  const staff = { roles: ['staff'] }
  test.each<readonly [string, Policies, Readonly<Record<string, RoleAccess>> | undefined, readonly (readonly [DomainRule, string])[]]>([
    [
      'a command that no policy is of',
      new Policies().allow('order.place', staff),
      undefined,
      [['command-without-policy', 'command order.pay']],
    ],
    [
      'a policy that is of no command',
      new Policies().allow('order.*', staff).allow('ordr.*', staff),
      undefined,
      [['policy-without-command', 'policy ordr.*']],
    ],
    [
      'a policy for nobody',
      new Policies().allow('order.*', staff).allow('order.pay', { roles: [] }),
      undefined,
      [['policy-for-nobody', 'policy order.pay']],
    ],
    ['a star among roles', new Policies().allow('*', { roles: ['*'] }), undefined, [['wildcard-role', 'policy *']]],
    [
      'a role of a policy that nobody can have',
      new Policies().allow('*', { roles: ['staff', 'cairn:inline'] }),
      undefined,
      [['reserved-role', 'policy *']],
    ],
    ['a reader that nobody can be', new Policies().allow('*'), { 'cairn:reader': all }, [['reserved-role', 'role cairn:reader']]],
    ['a slip of the pen in a reader', new Policies().allow('*', staff), { staf: all, staff: all }, [['unknown-role', 'role staf']]],
    [
      'a condition that no policy uses',
      new Policies().allow('*').registerCondition('small', () => true),
      undefined,
      [['unused-condition', 'condition small']],
    ],
  ])('finds %s, once', (_, policies, readAccess, expected) => {
    const read = projection('orders', ['order.placed', 'order.paid'], readAccess)
    expect(found([shop({ projections: [read] })], { policies })).toEqual(expected)
  })

  test('has a fault above for each of its rules', () => {
    expect([...reported].toSorted()).toEqual([...domainRules].toSorted())
  })

  test('says what, where and what to do, and names the nearest', () => {
    const policies = new Policies().allow('*').allow('order.plac')
    expect(lintDomains([shop()], { policies })).toEqual([
      {
        rule: 'policy-without-command',
        severity: 'warning',
        subject: 'policy order.plac',
        message: 'The policy "order.plac" is of no command of this app. Did you mean "order.place"?',
        remedy: 'Correct the pattern, or remove the policy.',
      },
    ])
  })

  test('a role that only reads is worth knowing and no mistake', () => {
    const read = projection('orders', ['order.placed', 'order.paid'], { auditor: all })
    const [finding] = lintDomains([shop({ projections: [read] })], { policies: new Policies().allow('*', staff) })
    expect(finding).toMatchObject({ rule: 'unknown-role', severity: 'info', subject: 'role auditor' })
  })

  test('leaves to the boot what does not start', () => {
    expect(() => lintDomains([shop({ projections: [projection('orders', ['order.lost'])] })])).toThrow(DefinitionError)
  })

  test('a function that fails over the examples says nothing', () => {
    const picky: ProcessManagerDefinition = {
      ...late,
      correlate: () => {
        throw new RangeError('no such day')
      },
    }
    expect(found([shop({ processManagers: [picky] })])).toEqual([])
  })
})
