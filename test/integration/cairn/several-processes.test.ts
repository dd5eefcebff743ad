import { createCairn, type Cairn, type CairnOptions } from '@cairn/cairn'
import { billing, Order, orderCommands, shop } from '@cairn/example-shop'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres, patient } from './support/places.ts'

const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
const staff = { role: 'staff' }
type ShopApp = Cairn<typeof shop | typeof billing>

async function owners(app: ShopApp, name: string): Promise<readonly (string | undefined)[]> {
  return (await app.subscriptions.status(name)).partitions.map(({ owner }) => owner)
}

describe('two apps on one database', async () => {
  const place = onPostgres(await testDatabase())
  const start = (options: Pick<CairnOptions, 'pg'> = {}): Promise<ShopApp> =>
    createCairn({ domains: [shop, billing], ...place, background: { pollMs: 50, leaseMs: 20_000, heartbeatMs: 200 }, ...options })

  it('share the partitions out, and the one that is left takes over what the other had', async () => {
    await using one = await start()
    const two = await start()
    await expect.poll(async () => new Set(await owners(one, 'order-summary')).size).toBe(2)
    for (let i = 0; i < 20; i++) await two.dispatch(orderCommands.create({ orderId: `o-${i}`, customerId: `c-${i % 3}`, lines }))
    await one.waitFor((await one.events.readAll()).next, undefined, patient)
    expect((await one.readModel('order_summary', staff).find()).rows).toHaveLength(20)
    await two.stop()
    const { position } = await one.dispatch(orderCommands.create({ orderId: 'o-20', customerId: 'c', lines }))
    const started = performance.now()
    await one.waitFor(position, undefined, { timeoutMs: 15_000 })
    // Leases are given back at the stop: nobody waits the twenty seconds until they run out.
    expect(performance.now() - started).toBeLessThan(10_000)
    await expect.poll(async () => new Set(await owners(one, 'order-summary')).size).toBe(1)
  })

  it('handle each event once between them', async () => {
    const seen: string[] = []
    await using one = await start()
    await using two = await start()
    const subscriptions = await Promise.all(
      [one, two].map((app) =>
        app.subscribe('shared', { types: 'order.created', from: 'end', partitions: 8 }, ({ aggregateId }) => void seen.push(aggregateId)),
      ),
    )
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? one : two).dispatch(orderCommands.create({ orderId: `s-${i}`, customerId: 'c', lines })),
      ),
    )
    const { next } = await one.events.readAll()
    await Promise.all(subscriptions.map((subscription) => subscription.waitFor(next, patient)))
    expect(seen.toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `s-${i}`).toSorted())
  })

  it('get by with pools of two connections: nothing waits for itself', async () => {
    const pg = { poolSize: 2, workerPoolSize: 2 }
    await using one = await start({ pg })
    await using two = await start({ pg })
    const apps = [one, two]
    await Promise.all(
      Array.from({ length: 80 }, async (_, i) => {
        const app = apps[i % 2] ?? one
        const options = { waitFor: ['order-summary', 'customer-totals'], waitTimeoutMs: 30_000 } as const
        if (i % 4 > 1) await app.dispatch(orderCommands.create({ orderId: `p-${i}`, customerId: 'pool', lines }), options)
        else {
          await app.transaction({}, async (tx) => {
            await tx.dispatch(orderCommands.create({ orderId: `p-${i}`, customerId: 'pool', lines }))
            await tx.sql`select pg_sleep(0.01)`
          })
        }
      }),
    )
    await one.waitFor((await one.events.readAll()).next, undefined, { timeoutMs: 30_000 })
    expect(await two.readModel('customer_totals', staff).get(['pool', 'EUR'])).toMatchObject({ orders: 80 })
  })
})

describe('stopping an app', async () => {
  const place = onPostgres(await testDatabase())

  it('finishes what is being handled, whose handlers may still dispatch, and ends what waits', async () => {
    const app = await createCairn({ domains: [shop, billing], ...place, background: { pollMs: 50, leaseMs: 1_000 } })
    const began = Promise.withResolvers<void>()
    const subscription = await app.subscribe('ready-at-once', { types: 'order.created', from: 'end' }, async ({ aggregateId }) => {
      began.resolve()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await app.dispatch(orderCommands.markReady({ orderId: aggregateId }))
    })
    await app.dispatch(orderCommands.create({ orderId: 'last', customerId: 'c', lines }))
    await began.promise
    const waiting = subscription.waitFor(1_000_000, { timeoutMs: 60_000 }).catch((error: unknown) => error)
    await app.stop()
    expect(await waiting).toMatchObject({ code: 'CAIRN_STOPPED' })
    expect(await app.health()).toMatchObject({ status: 'down', problems: [expect.stringContaining('stopped')] })

    await using next = await createCairn({ domains: [shop, billing], ...place })
    expect((await next.load(Order, 'last')).state.status).toBe('ready')
    const seen: string[] = []
    const again = await next.subscribe(
      'ready-at-once',
      { types: 'order.created', from: 'end' },
      ({ aggregateId }) => void seen.push(aggregateId),
    )
    await again.waitFor((await next.events.readAll()).next, patient)
    // Its checkpoint was stored with it: it does not come a second time.
    expect(seen).toEqual([])
  })
})
