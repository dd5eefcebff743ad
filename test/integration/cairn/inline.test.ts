import { createCairn } from '@cairn/cairn'
import { orderCommands, orderEvents } from '@cairn/example-shop'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { inlineShop } from './support/inline-shop.ts'
import { inMemory, onPostgres } from './support/places.ts'

const database = await testDatabase()
const domains = [inlineShop]
const lines = [{ sku: 'screw', quantity: 10, price: 5 }]
const created = (customerId: string) => orderEvents.created({ customerId, lines, currency: 'EUR' })

describe.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('an inline projection, %s', (_, place) => {
  it('has its rows when dispatch, append and transaction return', async () => {
    await using app = await createCairn({ domains, ...place })
    const orders = app.readModel('open_orders')
    const totals = app.readModel('open_totals')
    await app.dispatch(orderCommands.create({ orderId: 'a-1', customerId: 'ann', lines }))
    expect(await orders.get('a-1')).toEqual({ id: 'a-1', customer: 'ann', total: 50 })
    await app.events.append({ aggregateType: 'order', aggregateId: 'a-2' }, [created('ann')], { expected: 0 })
    expect(await totals.get('ann')).toEqual({ customer: 'ann', orders: 2, total: 100 })
    await app.transaction({}, async (tx) => {
      await tx.dispatch(orderCommands.create({ orderId: 'a-3', customerId: 'ann', lines }))
      await tx.dispatch(orderCommands.markReady({ orderId: 'a-1' }))
    })
    expect(await totals.get('ann')).toEqual({ customer: 'ann', orders: 2, total: 150 })
    expect(await orders.get('a-1')).toBeUndefined()
    expect((await orders.find({ where: { customer: 'ann' } })).rows.map(({ id }) => id)).toEqual(['a-2', 'a-3'])
    // Nothing is to be waited for.
    await app.waitFor((await app.events.readAll()).next, 'open-orders', { timeoutMs: 0 })
  })

  it('fails the append that its handler fails at, and leaves nothing behind', async () => {
    await using app = await createCairn({ domains, ...place })
    const refused = { code: 'CAIRN_INLINE_PROJECTION', message: expect.stringContaining('an order needs a customer'), retryable: false }
    await expect(app.dispatch(orderCommands.create({ orderId: 'b-1', customerId: 'nobody', lines }))).rejects.toMatchObject(refused)
    await expect(
      app.events.append({ aggregateType: 'order', aggregateId: 'b-1' }, [created('nobody')], { expected: 0 }),
    ).rejects.toMatchObject(refused)
    await expect(
      app.transaction({}, async (tx) => {
        await tx.dispatch(orderCommands.create({ orderId: 'b-2', customerId: 'bob', lines }))
        await tx.dispatch(orderCommands.create({ orderId: 'b-1', customerId: 'nobody', lines }))
      }),
    ).rejects.toMatchObject(refused)
    expect(
      await app.existsOne([
        { aggregateType: 'order', aggregateId: 'b-1' },
        { aggregateType: 'order', aggregateId: 'b-2' },
      ]),
    ).toBe(false)
    expect(await app.readModel('open_totals').get('bob')).toBeUndefined()
    // The row that a patch wants is not there: the command is refused, whoever is at fault.
    await app.events.append({ aggregateType: 'order', aggregateId: 'b-3' }, [created('bob')], { expected: 0 })
    expect(await app.readModel('open_totals').get('bob')).toMatchObject({ orders: 1 })
  })

  it('counts a repeated command once, and each of many at once', async () => {
    await using app = await createCairn({ domains, ...place })
    await using other = place.database === 'memory' ? app : await createCairn({ domains, ...place })
    const command = orderCommands.create({ orderId: 'c-0', customerId: 'carl', lines })
    const answers = await Promise.all(Array.from({ length: 8 }, (__, i) => (i % 2 === 0 ? app : other).dispatch(command)))
    expect(new Set(answers.flatMap(({ events }) => events.map(({ id }) => id))).size).toBe(1)
    expect(await app.readModel('open_totals').get('carl')).toMatchObject({ orders: 1 })
    await Promise.all(
      Array.from({ length: 40 }, (__, i) =>
        (i % 2 === 0 ? app : other).dispatch(
          orderCommands.create({ orderId: `c-${i + 1}`, customerId: i % 4 < 3 ? 'carl' : 'cleo', lines }),
        ),
      ),
    )
    expect(await app.readModel('open_totals').get('carl')).toEqual({ customer: 'carl', orders: 31, total: 31 * 50 })
    expect(await app.readModel('open_totals').get('cleo')).toEqual({ customer: 'cleo', orders: 10, total: 500 })
  })

  it('keeps tenants apart', async () => {
    await using app = await createCairn({ domains, ...place })
    await app.dispatch(orderCommands.create({ orderId: 'd-1', customerId: 'dora', lines }), { tenantId: 'other' })
    expect(await app.readModel('open_totals').get('dora')).toBeUndefined()
    expect(await app.readModel('open_totals', { tenantId: 'other' }).get('dora')).toMatchObject({ orders: 1 })
  })

  it('takes what one append changes in hundreds of rows, beside others that change some of them', async () => {
    await using app = await createCairn({ domains, ...place })
    const large = app.transaction({}, async (tx) => {
      for (let i = 0; i < 700; i++) {
        await tx.dispatch(orderCommands.create({ orderId: `e-${i}`, customerId: i % 4 === 0 ? 'zoe' : `eve-${i}`, lines }))
      }
    })
    const done = new AbortController()
    let sent = 0
    const small = Array.from({ length: 4 }, async () => {
      while (!done.signal.aborted) await app.dispatch(orderCommands.create({ orderId: `z-${sent++}`, customerId: 'zoe', lines }))
    })
    await large
    done.abort()
    await Promise.all(small)
    const totals = app.readModel('open_totals')
    expect((await totals.find({ where: { customer: { from: 'eve-', below: 'eve.' } }, limit: 1_000 })).rows).toHaveLength(525)
    expect(await totals.get('zoe')).toMatchObject({ orders: 175 + sent })
  })
})
