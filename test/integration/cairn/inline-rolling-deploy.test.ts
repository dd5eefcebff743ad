import { createCairn, defineConfig, defineDomain } from '@cairn/cairn'
import { Order, orderCommands } from '@cairn/example-shop'
import { rebuild } from '@cairn/projections'
import { expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { foldedRows, visibleRows } from '../rebuild/support/fold.ts'
import { inlineShop, openOrders } from './support/inline-shop.ts'
import { onPostgres } from './support/places.ts'

// What docs/guides/projections.md says of a rolling deploy that brings an inline projection.

const lines = [{ sku: 'screw', quantity: 10, price: 5 }]
const create = (orderId: string) => orderCommands.create({ orderId, customerId: 'ann', lines })

it('appends of a process without the inline projection leave its rows out, and a rebuild after its end brings them', async () => {
  const database = await testDatabase()
  const place = onPostgres(database)
  const old = await createCairn({ domains: [defineDomain('inline-shop', { aggregates: [Order] })], ...place })
  await old.dispatch(create('before'))
  await using next = await createCairn({ domains: [inlineShop], ...place })
  await next.dispatch(create('new'))
  await old.dispatch(create('late-1'))
  await next.dispatch(create('newer'))
  await old.dispatch(create('late-2'))
  await old.stop()
  const ids = async (): Promise<unknown[]> => (await next.readModel('open_orders').find({})).rows.map(({ id }) => id).toSorted()
  expect(await ids()).toEqual(['before', 'new', 'newer'])
  expect(await next.readModel('open_totals').get('ann')).toMatchObject({ orders: 3, total: 150 })

  const host = await defineConfig({ domains: [inlineShop], ...place }).openProjectionHost()
  try {
    // By its definition it is up to date.
    expect((await rebuild(host, { all: true, outdated: true })).outcomes).toMatchObject([{ status: 'up-to-date' }])
    expect((await rebuild(host, { names: ['open-orders'] })).outcomes).toMatchObject([{ status: 'rebuilt', fromVersion: 1, toVersion: 1 }])
    expect(await visibleRows(database.url, database.schema, openOrders)).toEqual(await foldedRows(host.reader, openOrders))
  } finally {
    await host.close()
  }
  expect(await ids()).toEqual(['before', 'late-1', 'late-2', 'new', 'newer'])
  // And the running process goes on in the new tables.
  await next.dispatch(orderCommands.markReady({ orderId: 'late-1' }))
  expect(await next.readModel('open_totals').get('ann')).toMatchObject({ orders: 4, total: 250 })
})
