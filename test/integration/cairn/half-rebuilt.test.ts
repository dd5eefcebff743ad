import { createCairn } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres } from './support/places.ts'

const database = await testDatabase()

test('a rebuild in place that was stopped is a problem of the app’s health until it is run again', async () => {
  await using app = await createCairn({ domains: [shop], ...onPostgres(database), background: { pollMs: 20 } })
  const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
  const { position } = await app.dispatch(orderCommands.create({ orderId: 'o', customerId: 'c', lines }), { waitFor: ['order-summary'] })
  const stop = new AbortController()
  const onProgress = (): void => stop.abort()
  const { outcomes } = await app.rebuild(['order-summary'], { inPlace: true, signal: stop.signal, onProgress })
  expect(outcomes).toMatchObject([{ status: 'cancelled' }])
  expect(await app.health()).toMatchObject({
    status: 'degraded',
    problems: [expect.stringMatching(/^order-summary .* is half rebuilt, .*rebuild-projections order-summary/)],
  })
  expect(await app.rebuild(['order-summary'], { inPlace: true })).toMatchObject({ outcomes: [{ status: 'rebuilt' }] })
  await app.waitFor(position, ['order-summary'])
  expect(await app.health()).toMatchObject({ status: 'up', problems: [] })
})
