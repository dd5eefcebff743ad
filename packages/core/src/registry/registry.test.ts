import { expect, test } from 'vitest'
import { z } from 'zod'
import { aggregate } from '../aggregate/aggregate.ts'
import { defineDecider } from '../aggregate/define-decider.ts'
import type { AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import { creates } from '../definition/creates.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { versions } from '../definition/versions.ts'
import { DefinitionError } from '../errors/domain.ts'
import { UnknownTypeError } from '../errors/input.ts'
import { defineDomain } from './define-domain.ts'
import { Registry } from './registry.ts'

const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
const orderEvents = defineEvents('order', {
  created: versions(z.object({ customer: z.string() }))
    .next(z.object({ customerId: z.string(), currency: z.enum(['EUR', 'USD']).default('EUR') }))
    .from((v1) => ({ customerId: v1.customer })),
  shipped: z.object({ at: isoDate }),
})
const orderCommands = defineCommands('order', {
  create: creates(
    z.object({
      customerId: z.string().min(3),
      currency: z.enum(['EUR', 'USD']).default('EUR'),
      lines: z.array(z.object({ quantity: z.int().positive(), note: z.string().nullable() })).min(1),
    }),
  ),
  ship: z.object({ at: isoDate, fast: z.boolean() }),
})
class Order extends aggregate(orderEvents, () => ({ n: 0 })) {
  static readonly handlers = this.handle(orderCommands, { create: () => {}, ship: () => {} })
  static readonly evolve = this.fold({ created: (s) => s, shipped: (s) => s })
}

/** A decider with one event and one command. */
function small<const A extends string>(aggregateType: A, event = 'paid', command = 'pay'): AggregateDefinition {
  const events = defineEvents(aggregateType, { [event]: z.object({}) })
  const commands = defineCommands(aggregateType, { [command]: z.object({}) })
  return defineDecider(events, () => 0)
    .evolve({ [event]: (s: number) => s } as never)
    .decide(commands, { [command]: () => [] } as never)
}

const shop = defineDomain('shop', { aggregates: [Order] })
const billing = defineDomain('billing', { aggregates: [small('invoice'), small('refund')] })

test('lists everything that the domains define', () => {
  const registry = new Registry([shop, billing])
  expect(registry.domains.map((domain) => domain.name)).toEqual(['shop', 'billing'])
  expect(registry.aggregateTypes).toEqual(['order', 'invoice', 'refund'])
  expect(registry.aggregates.map((model) => model.aggregateType)).toEqual(['order', 'invoice', 'refund'])
  expect(registry.commandTypes).toEqual(['order.create', 'order.ship', 'invoice.pay', 'refund.pay'])
  expect(registry.eventTypes).toEqual(['order.created', 'order.shipped', 'invoice.paid', 'refund.paid'])
  expect(registry.domainOf('refund')).toBe('billing')
})

test('finds the aggregate of a command, and the model of each name', () => {
  const registry = new Registry([shop, billing])
  expect(registry.aggregateFor('invoice.pay').aggregateType).toBe('invoice')
  expect(registry.aggregateFor('invoice.pay')).toBe(registry.aggregate('invoice'))
  expect(registry.command('order.create')).toMatchObject({ type: 'order.create', creates: true })
  expect(registry.event('order.created')).toMatchObject({ type: 'order.created', schemaVersion: 2 })
  expect([registry.hasEvent('order.created'), registry.hasEvent('order.lost')]).toEqual([true, false])
})

test('an unknown name is an error that names the nearest known one', () => {
  const registry = new Registry([shop, billing])
  expect(() => registry.aggregateFor('order.crate')).toThrow(UnknownTypeError)
  expect(() => registry.aggregateFor('order.crate')).toThrow(/No command "order\.crate" is registered\. Did you mean "order\.create"\?/)
  expect(() => registry.command('invoce.pay')).toThrow(/Did you mean "invoice\.pay"/)
  expect(() => registry.event('order.shiped')).toThrow(/No event "order\.shiped".*Did you mean "order\.shipped"/)
  expect(() => registry.aggregate('ordre')).toThrow(/No aggregate "ordre".*Did you mean "order"/)
})

test('a second definition of an aggregate type is refused, in one domain or in two, a class beside a decider too', () => {
  const twice = defineDomain('other', { aggregates: [small('order')] })
  expect(() => new Registry([shop, twice])).toThrow(DefinitionError)
  expect(() => new Registry([shop, twice])).toThrow(
    /"order" is defined twice: class Order in domain "shop" and a decider in domain "other"/,
  )
  expect(() => new Registry([defineDomain('other', { aggregates: [small('a'), small('a')] })])).toThrow(/"a" is defined twice/)
  expect(() => new Registry([shop, defineDomain('copy', { aggregates: [Order] })])).toThrow(
    /class Order in domain "shop" and again in domain "copy"/,
  )
})

test('a domain name is used once', () => {
  expect(() => new Registry([shop, defineDomain('shop', { aggregates: [] })])).toThrow(/Domain "shop" is registered twice/)
  for (const bad of ['', 'Shop', 'my shop', 'a.b']) expect(() => defineDomain(bad, { aggregates: [] })).toThrow(/cannot name a domain/)
})

test('a domain that is refused leaves nothing behind', () => {
  const registry = new Registry([shop])
  expect(() => registry.register(defineDomain('other', { aggregates: [small('parcel'), small('order')] }))).toThrow(DefinitionError)
  expect([registry.domains.length, registry.aggregateTypes, registry.hasEvent('parcel.paid')]).toEqual([1, ['order'], false])
  registry.register(billing)
  expect(registry.aggregateTypes).toEqual(['order', 'invoice', 'refund'])
})

test('an incomplete class is refused at boot', () => {
  class Half extends aggregate(orderEvents, () => 0) {}
  expect(() => new Registry([{ name: 'half', aggregates: [Half as never], projections: [], processManagers: [] }])).toThrow(
    /Class Half \(aggregate order\) has no handlers/,
  )
})

test('the naming convention is one for the whole app, and mixing is refused with the names', () => {
  const lending = defineDomain('lending', { aggregates: [small('Loan', 'Funded', 'Fund')] })
  expect(() => new Registry([lending], { naming: 'Domain.Action' })).not.toThrow()
  expect(() => new Registry([shop, lending])).toThrow(/convention 'domain\.action', but these do not: Loan\.Fund, Loan\.Funded/)
  expect(() => new Registry([lending, billing], { naming: 'Domain.Action' })).toThrow(
    /these do not: invoice\.pay, invoice\.paid, refund\.pay, refund\.paid/,
  )
  expect(() => new Registry([defineDomain('mixed', { aggregates: [small('loan', 'Funded', 'fund')] })])).toThrow(
    /these do not: loan\.Funded\./,
  )
  expect(() => new Registry([defineDomain('words', { aggregates: [small('order-line', 'priceChanged', 'changePrice')] })])).not.toThrow()
})

test('upcast lifts a recorded event for readers of whole events, and touches nothing else', () => {
  const registry = new Registry([shop])
  const event: RecordedEvent = {
    id: 'e',
    tenantId: 't',
    type: 'order.created',
    payload: { customer: 'c' },
    aggregateType: 'order',
    aggregateId: 'o',
    version: 1,
    position: 7,
    recordedAt: new Date(0),
    metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1, custom: 'kept' },
  }
  expect(registry.upcast(event)).toEqual({
    ...event,
    payload: { customerId: 'c', currency: 'EUR' },
    metadata: { ...event.metadata, schemaVersion: 2 },
  })
  const newest = registry.upcast(event)
  expect(registry.upcast(newest)).toBe(newest)
  const foreign = { ...event, type: 'mail.sent', aggregateType: '$bus' }
  expect(registry.upcast(foreign)).toBe(foreign)
})

test('JSON Schemas cover every payload: commands as they are sent, events as they are stored', () => {
  const { commands, events } = new Registry([shop, billing]).jsonSchemas()
  expect(Object.keys(commands)).toEqual(['order.create', 'order.ship', 'invoice.pay', 'refund.pay'])
  expect(Object.keys(events)).toEqual(['order.created', 'order.shipped', 'invoice.paid', 'refund.paid'])
  expect(commands['order.create']).toMatchObject({ schemaVersion: 1, schema: { type: 'object', required: ['customerId', 'lines'] } })
  expect(events['order.created']).toMatchObject({ schemaVersion: 2, schema: { required: ['customerId', 'currency'] } })
  expect(events['order.shipped']).toMatchObject({ schema: { properties: { at: { type: 'string', format: 'date-time' } } } })
})

test('an example generated from a JSON Schema is accepted, and one that breaks it is not', () => {
  const registry = new Registry([shop, billing])
  for (const [type, { schema }] of Object.entries(registry.jsonSchemas().commands)) {
    const example = exampleOf(schema)
    expect(() => registry.aggregateFor(type).parseCommand(type, example)).not.toThrow()
    for (const field of (schema.required as readonly string[] | undefined) ?? []) {
      const broken = { ...(example as object), [field]: undefined }
      expect(() => registry.aggregateFor(type).parseCommand(type, broken)).toThrow(new RegExp(field))
    }
  }
})

/** The smallest value that a JSON Schema (of the kinds used here) allows. */
function exampleOf(schema: { readonly [key: string]: unknown }): unknown {
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  if (Array.isArray(schema['anyOf'])) return exampleOf(schema['anyOf'][0] as object as typeof schema)
  if (schema['format'] === 'date-time') return '2026-11-21T00:00:00Z'
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'string':
      return 'x'.repeat(Number(schema['minLength'] ?? 0))
    case 'integer':
    case 'number':
      return Number(schema['exclusiveMinimum'] ?? -1) + 1
    case 'boolean':
      return true
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => exampleOf(schema['items'] as typeof schema))
    case 'object': {
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, typeof schema>)
      const required = new Set((schema['required'] ?? []) as readonly string[])
      return Object.fromEntries(properties.filter(([key]) => required.has(key)).map(([key, inner]) => [key, exampleOf(inner)]))
    }
    default:
      throw new Error(`no example for ${JSON.stringify(schema)}`)
  }
}
