import { createCairn, defineDomain, defineProjection, integer, table, text, type CairnOptions, type Projection } from '@cairn/cairn'
import { Order, orderCommands, orderEvents } from '@cairn/example-shop'
import { describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres } from './support/places.ts'

const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

/** A projection of orders, with what a test changes. */
function orders(version: number, column: 'integer' | 'text' = 'integer', mode: 'async' | 'inline' = 'async'): Projection {
  return defineProjection('refusals', {
    version,
    mode,
    events: [orderEvents],
    tables: { refusals: table({ id: text(), n: column === 'integer' ? integer() : text() }, { key: 'id' }) },
  }).on({
    'order.created': ({ aggregateId }, { refusals }) => refusals.upsert({ id: aggregateId, n: column === 'integer' ? 1 : 'one' } as never),
  })
}

const domain = (projection: Projection) => defineDomain('refused', { aggregates: [Order], projections: [projection] })
const boot = (projection: Projection, options: Partial<CairnOptions>) => createCairn({ domains: [domain(projection)], ...options })

describe.each(['async', 'inline'] as const)('an app whose %s projection does not fit the database', async (mode) => {
  const database = await testDatabase()
  const place = onPostgres(database)

  it('starts nothing that it may not make, and says which command makes it', async () => {
    for (const without of [
      { ...place, ownerUrl: undefined },
      { ...place, migrate: false },
    ]) {
      await expect(boot(orders(1, 'integer', mode), without)).rejects.toMatchObject({
        code: 'CAIRN_PROJECTION_NOT_BUILT',
        message: expect.stringContaining('rebuild-projections refusals'),
      })
    }
  })

  it('refuses a definition that changed under an unchanged version, and takes it back', async () => {
    await (await boot(orders(2, 'integer', mode), place)).stop()
    await expect(boot(orders(2, 'text', mode), place)).rejects.toMatchObject({
      code: 'CAIRN_SUBSCRIPTION_CHANGED',
      message: expect.stringContaining('Raise its version to 3'),
    })
    // Once it is there, no owner is needed.
    await (await boot(orders(2, 'integer', mode), { ...place, ownerUrl: undefined })).stop()
  })

  it('refuses a version that is lower than the one readers see', async () => {
    await expect(boot(orders(1, 'integer', mode), place)).rejects.toMatchObject({
      code: 'CAIRN_SUBSCRIPTION_VERSION',
      message: expect.stringContaining('the database version 2'),
    })
  })

  it('refuses a name that the schema has already', async () => {
    const taken = defineProjection('taken', {
      version: 1,
      mode,
      events: [orderEvents],
      tables: { streams: table({ id: text() }, { key: 'id' }) },
    }).on({ 'order.created': () => undefined })
    await expect(boot(taken, place)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', message: expect.stringContaining('"streams"') })
  })

  it('leaves no connection behind', async () => {
    await expect
      .poll(() => queryOnce(database.url, `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`))
      .toEqual([])
  })
})

describe('a login that is not the worker', async () => {
  const place = onPostgres(await testDatabase())

  it('does no background work, and is told whose that is', async () => {
    await (await boot(orders(1), place)).stop()
    const withoutWorker = { ...place, workerUrl: undefined }
    await expect(boot(orders(1), withoutWorker)).rejects.toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
      message: expect.stringContaining('CAIRN_WORKER_URL'),
    })
    await (await boot(orders(1), { ...withoutWorker, background: false })).stop()
  })
})

describe('a projection that is written wrongly', () => {
  it('does not take a handler for an event that it does not declare', () => {
    const start = defineProjection('wrong', { version: 1, events: [orderEvents], tables: { wrong: table({ id: text() }, { key: 'id' }) } })
    // @ts-expect-error -- no such event
    expect(() => start.on({ 'order.shiped': () => undefined })).toThrow(expect.objectContaining({ code: 'CAIRN_DEFINITION' }))
  })

  it('is refused where no domain has its events', async () => {
    const domains = [defineDomain('lonely', { aggregates: [], projections: [orders(1)] })]
    await expect(createCairn({ domains, ...inMemory })).rejects.toMatchObject({ code: 'CAIRN_DEFINITION' })
  })

  it.each([
    ['a column of the wrong type', 'CAIRN_ROW_VALUE', { id: 'o', n: 'one' }],
    ['a column that is not there', 'CAIRN_ROW_VALUE', { id: 'o', n: 1, m: 2 }],
  ])('sets an event aside over %s', async (_, code, row) => {
    const projection = defineProjection('wrong', {
      version: 1,
      events: [orderEvents],
      tables: { wrong: table({ id: text(), n: integer() }, { key: 'id' }) },
      retry: { attempts: 1 },
    }).on({ 'order.created': (__, { wrong }) => wrong.upsert(row as never) })
    await using app = await createCairn({ domains: [domain(projection)], ...inMemory })
    await app.dispatch(orderCommands.create({ customerId: 'c', lines }), { waitFor: 'wrong' })
    expect(await app.subscriptions.parked('wrong')).toMatchObject([{ failure: { category: code } }])
  })

  it('sets an event aside over a table that is not declared', async () => {
    const projection = defineProjection('wrong', {
      version: 1,
      events: [orderEvents],
      tables: { wrong: table({ id: text() }, { key: 'id' }) },
      retry: { attempts: 1 },
    }).on({
      // @ts-expect-error -- no such table
      'order.created': ({ aggregateId }, { rong }) => rong.upsert({ id: aggregateId }),
    })
    await using app = await createCairn({ domains: [domain(projection)], ...inMemory })
    await app.dispatch(orderCommands.create({ customerId: 'c', lines }), { waitFor: 'wrong' })
    expect(await app.subscriptions.parked('wrong')).toMatchObject([{ failure: { category: 'CAIRN_UNKNOWN_TABLE' } }])
  })
})
