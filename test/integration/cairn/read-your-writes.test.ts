import { createCairn } from '@cairn/cairn'
import { billing, invoiceCommands, Order, orderCommands, shop } from '@cairn/example-shop'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient } from './support/places.ts'

const database = await testDatabase()
const domains = [shop, billing]
const lines = [{ sku: 'screw', quantity: 10, price: 5 }]
const staff = { role: 'staff' }

describe.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('reading what one wrote, %s', (_, place) => {
  it('finds the rows when dispatch waited for them', async () => {
    await using app = await createCairn({ domains, ...place })
    const { position } = await app.dispatch(orderCommands.create({ orderId: 'o-1', customerId: 'c-1', lines }), {
      waitFor: ['order-summary', 'customer-totals'],
    })
    expect(position).toBeGreaterThan(0)
    expect(await app.readModel('order_summary', staff).get('o-1')).toMatchObject({ customer: 'c-1', total: 50, status: 'open', note: null })
    expect(await app.readModel('customer_totals', staff).get(['c-1', 'EUR'])).toEqual({
      customer: 'c-1',
      currency: 'EUR',
      orders: 1,
      total: 50,
    })
  })

  it('waits for one, several or all projections at a position', async () => {
    await using app = await createCairn({ domains, ...place })
    const first = await app.dispatch(orderCommands.create({ orderId: 'o-2', customerId: 'c-2', lines }))
    await app.waitFor(first.position, 'order-summary', patient)
    expect(await app.readModel('order_summary', staff).get('o-2')).toMatchObject({ status: 'open' })
    const paid = await app.dispatch(invoiceCommands.create({ invoiceId: 'i-1', orderId: 'o-2', amount: 50 }))
    const last = await app.dispatch(invoiceCommands.pay({ invoiceId: 'i-1', amount: 50, reference: 'r' }))
    expect(last.position).toBeGreaterThan(paid.position)
    await app.waitFor(last.position, undefined, patient)
    const { rows } = await app.readModel('revenue_per_day', staff).find()
    expect(rows).toMatchObject([{ payments: 1, amount: 50, invoices_paid: 1 }])
    await app.waitFor(0, [], patient)
  })

  it('says that the command is stored when the wait runs out of time', async () => {
    await using app = await createCairn({ domains, ...place })
    await app.waitFor((await app.dispatch(orderCommands.create({ orderId: 'o-3', customerId: 'c-3', lines }))).position, undefined, patient)
    await app.subscriptions.pause('order-summary')
    const late = app.dispatch(orderCommands.markReady({ orderId: 'o-3' }), { waitFor: 'order-summary', waitTimeoutMs: 50 })
    await expect(late).rejects.toMatchObject({ code: 'CAIRN_WAIT_TIMEOUT', message: expect.stringContaining('The events are stored') })
    await app.subscriptions.resume('order-summary')
    const again = await app.dispatch(orderCommands.autoCancel({ orderId: 'o-3' }))
    expect(again).toMatchObject({ version: 2, events: [] })
    await app.waitFor((await app.events.readAll()).next, undefined, patient)
    expect(await app.readModel('order_summary', staff).get('o-3')).toMatchObject({ status: 'ready' })
  })

  it('says that the command is stored when the app is stopped meanwhile, before the wait or in it', async () => {
    for (const [id, stopIn] of [
      ['o-5', 'handler'],
      ['o-6', 'wait'],
    ] as const) {
      const app = await createCairn({ domains, ...place })
      await app.subscriptions.pause('order-summary')
      const stopped = Promise.withResolvers<void>()
      app.bus.subscribe('order.created', async () => {
        // The command is stored by now.
        if (stopIn === 'handler') stopped.resolve(app.stop())
        else setTimeout(() => stopped.resolve(app.stop()), 100)
        await new Promise((resolve) => setImmediate(resolve))
      })
      const late = app.dispatch(orderCommands.create({ orderId: id, customerId: 'c-5', lines }), {
        waitFor: 'order-summary',
        waitTimeoutMs: 60_000,
      })
      await expect(late).rejects.toMatchObject({
        code: 'CAIRN_WAIT_TIMEOUT',
        message: expect.stringMatching(/is stopped.*The events are stored/),
        cause: { code: 'CAIRN_STOPPED' },
      })
      await stopped.promise
    }
    if (place.database === 'memory') return
    await using next = await createCairn({ domains, ...place })
    for (const id of ['o-5', 'o-6']) expect(await next.load(Order, id)).toMatchObject({ version: 1 })
    await next.subscriptions.resume('order-summary')
  })

  it('refuses names that no projection has, naming the nearest', async () => {
    await using app = await createCairn({ domains, ...place })
    // @ts-expect-error -- no such projection
    await expect(app.waitFor(1, 'order-sumary')).rejects.toMatchObject({
      code: 'CAIRN_UNKNOWN_PROJECTION',
      details: { nearest: 'order-summary' },
    })
    // @ts-expect-error -- no such table
    await expect(app.readModel('order_sumary').find()).rejects.toThrow(/Did you mean "order_summary"/)
  })

  it('knows the names of tables, the types of their rows and keys, and what can be compared', async () => {
    await using app = await createCairn({ domains, ...place })
    const summaries = app.readModel('order_summary', staff)
    const row = await summaries.get('nothing')
    expectTypeOf(row).toEqualTypeOf<
      | {
          readonly id: string
          readonly customer: string
          readonly total: number
          readonly currency: string
          readonly status: 'open' | 'ready' | 'shipped' | 'cancelled'
          readonly placed_at: string
          readonly note: string | null
        }
      | undefined
    >()
    const totals = app.readModel('customer_totals', staff)
    expectTypeOf(totals.get).parameter(0).toEqualTypeOf<readonly [string, string]>()
    // @ts-expect-error -- the key has two columns
    await expect(totals.get('c-1')).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    // @ts-expect-error -- no such column
    await expect(summaries.find({ where: { totl: 1 } })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    // @ts-expect-error -- no such status
    expect((await summaries.find({ where: { status: 'opne' } })).rows).toEqual([])
    // @ts-expect-error -- no such column
    await expect(summaries.find({ orderBy: '-totl' })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  })

  it('shows each role its rows, and nobody what no rule names', async () => {
    await using app = await createCairn({ domains, ...place })
    await app.dispatch(orderCommands.create({ orderId: 'o-4', customerId: 'c-4', lines }))
    await app.dispatch(orderCommands.autoCancel({ orderId: 'o-4' }), { waitFor: 'order-summary' })
    const mine = app.readModel('order_summary', { role: 'customer', userId: 'c-4' })
    const { rows } = await mine.find({ where: { status: { in: ['open', 'cancelled'] } }, orderBy: ['-total', 'id'], limit: 10 })
    expect(rows.map((row) => row.id)).toEqual(['o-4'])
    expect(rows[0]).not.toHaveProperty('note')
    expect(await app.readModel('order_summary', { role: 'customer', userId: 'c-1' }).get('o-4')).toBeUndefined()
    expect(await app.readModel('order_summary', { ...staff, tenantId: 'other' }).get('o-4')).toBeUndefined()
    await expect(app.readModel('order_summary').get('o-4')).rejects.toMatchObject({ code: 'CAIRN_READ_DENIED' })
  })
})
