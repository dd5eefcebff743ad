import { createCairn, defineConfig, worker } from '@cairn/cairn'
import { billing, orderCommands, shop } from '@cairn/example-shop'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres } from './support/places.ts'

const domains = [shop, billing]
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

describe('a worker', async () => {
  const config = defineConfig({ domains, ...onPostgres(await testDatabase()), background: { pollMs: 50 } })

  it('does the background work of an app that leaves it to others, until it is told to end', async () => {
    const end = new AbortController()
    const seen: string[] = []
    const up = Promise.withResolvers<void>()
    const done = worker(config, {
      signal: end.signal,
      started: async (app) => {
        await app.subscribe('greeter', { types: 'order.created', from: 'start' }, ({ aggregateId }) => void seen.push(aggregateId))
        up.resolve()
      },
    })
    await up.promise
    await using web = await createCairn({ ...config, background: false })
    await web.dispatch(orderCommands.create({ orderId: 'o-1', customerId: 'c', lines }), { waitFor: 'order-summary' })
    await expect.poll(() => seen).toEqual(['o-1'])
    expect(await web.readModel('order_summary', { role: 'staff' }).get('o-1')).toMatchObject({ customer: 'c' })
    end.abort()
    await done
    const { position } = await web.dispatch(orderCommands.markReady({ orderId: 'o-1' }))
    await expect(web.waitFor(position, 'order-summary', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'CAIRN_WAIT_TIMEOUT' })
  })

  it('ends with what its start fails with', async () => {
    const failure = new Error('no')
    await expect(worker(config, { started: () => Promise.reject(failure) })).rejects.toBe(failure)
  })
})

describe('a configuration', () => {
  it('is the options of an app, and the way to its projections for the commands', async () => {
    const config = defineConfig({ domains, ...inMemory })
    expect(Object.keys(config)).toEqual(['domains', 'database', 'defaultTenantId'])
    await (await createCairn(config)).stop()
    await expect(config.openProjectionHost()).rejects.toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
      message: expect.stringContaining('memory'),
    })
  })
})
