import { createCairn, defineDomain } from '@cairn/cairn'
import { billing, orderCommands, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres } from './support/places.ts'

const database = await testDatabase()
const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ minutes: 15 })] })
const lines = [{ sku: 'screw', quantity: 2, price: 500 }]

test.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('instances that are quiet for too long are counted, and health names their process manager, %s', async (_, place) => {
  const domains = [shop, billing, fulfilment]
  await using app = await createCairn({ domains, ...place, background: { pollMs: 50 }, stuckAfterMs: 400 })
  const count = () => app.processes.count({ status: 'running' })
  await app.dispatch(orderCommands.create({ orderId: 'o-1', customerId: 'c', lines }))
  await app.dispatch(orderCommands.create({ orderId: 'o-2', customerId: 'c', lines }))
  await expect.poll(count).toMatchObject([{ processManager: 'order-fulfilment', count: 2, quietest: expect.any(Date) }])
  await expect
    .poll(() => app.health())
    .toMatchObject({
      status: 'degraded',
      problems: [expect.stringMatching(/^order-fulfilment has 2 instances without any event for too long; one since 2/)],
      stuck: [{ processManager: 'order-fulfilment', count: 2 }],
    })
  await app.dispatch(orderCommands.cancel({ orderId: 'o-1', reason: 'x' }))
  await expect.poll(count).toMatchObject([{ count: 1 }])
  expect(await app.processes.count({ status: 'running', quietSince: new Date(0) })).toEqual([])
  await app.dispatch(orderCommands.cancel({ orderId: 'o-2', reason: 'x' }))
  await expect.poll(() => app.health()).toMatchObject({ status: 'up', stuck: [] })
})
