import {
  defaultFailurePolicy,
  defineEvents,
  DefinitionError,
  projectionFingerprint,
  UnknownTableError,
  type RecordedEvent,
} from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineProjection, integer, numeric, table, text, timestamp, uuid } from '../index.ts'

const orderEvents = defineEvents('order', {
  created: z.object({ customerId: z.string(), total: z.number() }),
  ready: z.object({}),
  cancelled: z.object({ reason: z.string() }),
})
const invoiceEvents = defineEvents('invoice', { paid: z.object({ orderId: z.string() }) })
const orders = table({ id: text(), customer: text(), total: numeric(12, 2) }, { key: 'id' })
const perDay = table({ day: text(), customer: text(), count: integer() }, { key: ['day', 'customer'] })
const options = { version: 2, events: [orderEvents, invoiceEvents], tables: { orders, per_day: perDay } } as const
const nothing = { 'order.created': () => undefined }

function recorded(type: string, payload: unknown, aggregateId = 'o-1', tenantId = 't'): RecordedEvent {
  const [aggregateType = ''] = type.split('.')
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  return { id: 'e', tenantId, type, payload, aggregateType, aggregateId, version: 1, position: 1, recordedAt: new Date(0), metadata }
}
const created = recorded('order.created', { customerId: 'c-1', total: 5 })

const foldOfNothing = (): unknown => defineProjection('p', options).fold('order' as 'orders', { key: () => 'x', evolve: {} })

describe('defineProjection', () => {
  test('gives what a domain takes: name, version, handled types, tables and policies', () => {
    const projection = defineProjection('order-days', { ...options, retry: { attempts: 2 }, onExhausted: 'stop', maxWaiting: 7 }).on({
      'invoice.paid': () => undefined,
      'order.created': () => undefined,
    })
    expect(projection).toMatchObject({
      name: 'order-days',
      version: 2,
      types: ['order.created', 'invoice.paid'],
      mode: 'async',
      partitions: 1,
      partitionBy: 'none',
      failure: { ...defaultFailurePolicy, retry: { ...defaultFailurePolicy.retry, attempts: 2 }, onExhausted: 'stop', maxWaiting: 7 },
    })
    expect([...projection.tables.keys()]).toEqual(['orders', 'per_day'])
  })

  test('one table alone is named after the projection', () => {
    const projection = defineProjection('order-summary', { ...options, tables: orders }).on(nothing)
    expect([...projection.tables.keys()]).toEqual(['order_summary'])
  })

  test('a handler that waits is waited for, and one that does not costs no promise', async () => {
    const seen: string[] = []
    const projection = defineProjection('p', options).on({
      'order.created': async () => {
        await Promise.resolve()
        seen.push('created')
      },
      'order.ready': () => void seen.push('ready'),
    })
    expect(projection.apply(recorded('order.ready', {}), {})).toBeUndefined()
    const waiting = projection.apply(created, {})
    expect(seen).toEqual(['ready'])
    await waiting
    expect(seen).toEqual(['ready', 'created'])
    expect(projection.apply(recorded('order.cancelled', {}), {})).toBeUndefined()
  })

  const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['a name in camelCase', () => defineProjection('orderSummary', options), /"orderSummary" cannot name a projection/],
    ['version 0', () => defineProjection('p', { ...options, version: 0 }), /has version 0/],
    ['no tables', () => defineProjection('p', { ...options, tables: {} }), /p has no tables/],
    [
      'a table name in camelCase',
      () => defineProjection('p', { ...options, tables: { orderDays: orders } }),
      /"orderDays" cannot name a table of projection p/,
    ],
    [
      'events that are none',
      () => defineProjection('p', { ...options, events: [{} as typeof orderEvents] }),
      /list what defineEvents returned/,
    ],
    [
      'a handler of nothing',
      () => defineProjection('p', options).on({ 'order.creatd': () => undefined } as object),
      /a handler for "order\.creatd".* Did you mean "order\.created"\?/,
    ],
    ['a handler that is no function', () => defineProjection('p', options).on({ 'order.created': 5 } as object), /that is no function/],
    ['no handler', () => defineProjection('p', options).on({}), /p handles no event/],
    ['partitions without a key', () => defineProjection('p', { ...options, partitions: 4 }).on(nothing), /4 partitions and no partitionBy/],
    ['too many partitions', () => defineProjection('p', { ...options, partitions: 257, partitionBy: 'stream' }), /257 partitions/],
    [
      'an option nobody knows',
      () => defineProjection('p', { ...options, partitionsBy: 'stream' } as typeof options),
      /no option "partitionsBy"; did you mean "partitionBy"/,
    ],
    ['an unknown mode', () => defineProjection('p', { ...options, mode: 'sync' as 'inline' }), /has mode "sync"/],
    ['too few that may wait', () => defineProjection('p', { ...options, maxWaiting: -1 }), /has maxWaiting -1/],
    ['an unknown policy', () => defineProjection('p', { ...options, onExhausted: 'skip' as 'park' }), /has onExhausted "skip"/],
    [
      'tries without a number',
      () => defineProjection('p', { ...options, retry: { attempts: Number('five') } }),
      /Projection p has retry\.attempts NaN/,
    ],
    [
      'inline partitions',
      () => defineProjection('p', { ...options, mode: 'inline', partitions: 2, partitionBy: 'stream' }),
      /inline and has several partitions/,
    ],
    [
      'an inline fold',
      () => defineProjection('p', { ...options, mode: 'inline' }).fold('orders', { key: () => 'x', evolve: { 'order.ready': () => null } }),
      /is inline/,
    ],
    [
      'a fold of nothing',
      () => defineProjection('p', options).fold('orders', { key: () => 'x', evolve: { 'order.redy': () => null } as object }),
      /a fold of orders for "order\.redy"/,
    ],
    [
      'a fold without its key',
      () => defineProjection('p', options).fold('orders', { key: { 'order.ready': () => 'x' }, evolve: { 'order.created': () => null } }),
      /folds "order\.created" into orders, and has no key for it/,
    ],
    [
      'two folds of a table',
      () => {
        const fold = { key: () => 'x', evolve: { 'order.ready': () => null } }
        return (defineProjection('p', options).fold('orders', fold) as { fold(...args: unknown[]): unknown }).fold('orders', fold)
      },
      /two folds of orders/,
    ],
  ]
  test.each(wrong)('refuses %s', (_what, define, message) => {
    expect(define).toThrow(DefinitionError)
    expect(define).toThrow(message)
  })

  test('refuses a fold of a table that is not declared', () => {
    expect(foldOfNothing).toThrow(UnknownTableError)
    expect(foldOfNothing).toThrow('Projection p has no table "order". It declares: orders, per_day.')
  })
})

describe('the partition key', () => {
  const other = recorded('order.created', { customerId: 'c-1', total: 5 }, 'o-2')
  const foreign = recorded('order.created', { customerId: 'c-1', total: 5 }, 'o-1', 'u')

  test('is one for all where nothing is said', () => {
    const { keyOf, partitionBy } = defineProjection('p', options).on(nothing)
    expect([created, other, foreign].map(keyOf)).toEqual(['', '', ''])
    expect(partitionBy).toBe('none')
  })

  test('is the stream, or what a function makes of the event, within the tenant', () => {
    const stream = defineProjection('p', { ...options, partitionBy: 'stream', partitions: 8 }).on(nothing)
    expect([created, other, foreign].map(stream.keyOf)).toEqual(['t/order/o-1', 't/order/o-2', 'u/order/o-1'])
    const custom = defineProjection('p', { ...options, partitionBy: (e) => (e.type === 'order.created' ? e.payload.customerId : '') }).on(
      nothing,
    )
    expect([created, other, foreign].map(custom.keyOf)).toEqual(['t/c-1', 't/c-1', 'u/c-1'])
    expect([stream.partitionBy, custom.partitionBy]).toEqual(['stream', 'custom'])
  })

  test('that is no text fails', () => {
    const { keyOf } = defineProjection('p', { ...options, partitionBy: () => 5 as never }).on(nothing)
    expect(() => keyOf(created)).toThrow(/p\.partitionBy must make text of order\.created, and made number/)
  })

  test('of a fold into one table is its row’s key, as rows carry it', () => {
    const one = defineProjection('p', { ...options, partitions: 3 }).fold('per_day', {
      key: (e) => (e.type === 'order.created' ? ['monday', e.payload.customerId] : undefined),
      evolve: { 'order.created': () => ({ count: 1 }), 'order.ready': (row) => row },
    })
    expect(one.partitionBy).toBe('row')
    expect([created, foreign, recorded('order.ready', {})].map(one.keyOf)).toEqual(['t/monday/c-1', 'u/monday/c-1', 't/'])

    const ids = table({ id: uuid(), at: timestamp() }, { key: ['id', 'at'] })
    const spelled = defineProjection('p', { ...options, tables: { ids } }).fold('ids', {
      key: (e) => [e.aggregateId, e.recordedAt],
      evolve: { 'order.ready': () => ({}) },
    })
    const id = '0190B1C4-7A3E-7BBB-8000-0123456789AB'
    expect(spelled.keyOf(recorded('order.ready', {}, id))).toBe(`t/${id.toLowerCase()}/1970-01-01T00:00:00.000Z`)
    expect(spelled.keyOf(recorded('order.ready', {}, id.toLowerCase()))).toBe(spelled.keyOf(recorded('order.ready', {}, id)))
  })

  test('of folds into several tables is one for all', () => {
    const fold = { key: () => 'x', evolve: { 'order.ready': () => null } }
    const two = defineProjection('p', options)
      .fold('orders', fold)
      .fold('per_day', { ...fold, key: () => ['a', 'b'] as const })
    expect([two.partitionBy, two.keyOf(created)]).toEqual(['none', ''])
  })
})

describe('the fingerprint', () => {
  const base = defineProjection('p', options).on(nothing)
  const fingerprintOf = (changes: object): string => projectionFingerprint(defineProjection('p', { ...options, ...changes }).on(nothing))

  test('is the same for the same definition, and for other indexes, access and handlers', () => {
    const more = table({ id: text(), customer: text(), total: numeric(12, 2) }, { key: 'id', indexes: ['customer'], readAccess: {} })
    expect(fingerprintOf({ tables: { orders: more, per_day: perDay } })).toBe(projectionFingerprint(base))
    expect(projectionFingerprint(defineProjection('p', options).on({ 'order.created': (_e, t) => t.orders.delete('x') }))).toBe(
      projectionFingerprint(base),
    )
  })

  test('changes with version, types, partitions and the shape of tables', () => {
    const wider = table({ id: text(), customer: text(), total: numeric(14, 2) }, { key: 'id' })
    const others = [
      fingerprintOf({ version: 3 }),
      fingerprintOf({ partitionBy: 'stream' }),
      fingerprintOf({ partitionBy: 'stream', partitions: 2 }),
      fingerprintOf({ tables: { orders: wider, per_day: perDay } }),
      projectionFingerprint(defineProjection('p', options).on({ ...nothing, 'order.ready': () => undefined })),
    ]
    expect(new Set([projectionFingerprint(base), ...others]).size).toBe(6)
  })
})
