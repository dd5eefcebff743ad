import {
  allRows,
  bigint,
  createCairn,
  defineConfig,
  defineDomain,
  defineProjection,
  integer,
  table,
  text,
  type Cairn,
  type Projection,
} from '@cairn/cairn'
import { Order, orderCommands, orderEvents, totalOf } from '@cairn/example-shop'
import { rebuild } from '@cairn/projections'
import { describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres } from './support/places.ts'

const lines = [{ sku: 'screw', quantity: 10, price: 5 }]

function totals(version: 1 | 2): Projection {
  const counted = { customer: text(), orders: integer(), total: bigint() }
  const columns = version === 1 ? counted : { ...counted, largest: bigint() }
  return defineProjection('totals', {
    version,
    mode: 'inline',
    events: [orderEvents],
    tables: { totals: table(columns, { key: 'customer', readAccess: { '*': allRows } }) },
  }).on({
    'order.created': ({ payload }, tables) => {
      const total = totalOf(payload.lines)
      tables.totals.update(payload.customerId, (row) => {
        const before = { orders: 0, total: 0, largest: 0, ...row }
        const after = { orders: before.orders + 1, total: before.total + total }
        return (version === 1 ? after : { ...after, largest: Math.max(before.largest, total) }) as never
      })
    },
  })
}

const domain = (projection?: Projection) =>
  defineDomain('orders', { aggregates: [Order], projections: projection === undefined ? [] : [projection] })
const rowOf = (app: Cairn, tenantId = 't'): Promise<unknown> => app.readModel('totals', { tenantId }).get('c')
const create = (orderId: string) => orderCommands.create({ orderId, customerId: 'c', lines })

describe('an inline projection that comes to an old log, or changes', () => {
  it('is built from what is there before the app takes its first command', async () => {
    const place = onPostgres(await testDatabase())
    const before = await createCairn({ domains: [domain()], ...place })
    for (let i = 0; i < 30; i++) await before.dispatch(create(`o-${i}`))
    await before.stop()
    await using app = await createCairn({ domains: [domain(totals(1))], ...place })
    expect(await rowOf(app)).toEqual({ customer: 'c', orders: 30, total: 1_500 })
    await app.dispatch(create('o-30'))
    expect(await rowOf(app)).toMatchObject({ orders: 31 })
  })

  it('is rebuilt while writers append, and loses none of their events', async () => {
    const place = onPostgres(await testDatabase())
    await using app = await createCairn({ domains: [domain(totals(1))], ...place })
    let sent = 0
    const done = new AbortController()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (!done.signal.aborted) {
        await app.dispatch(create(`w-${writer}-${sent}`))
        sent++
      }
    })
    const host = await defineConfig({ domains: [domain(totals(1))], ...place }).openProjectionHost()
    const generations: (number | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      const { outcomes } = await rebuild(host, { all: true })
      expect(outcomes).toMatchObject([{ status: 'rebuilt', error: undefined }])
      generations.push(outcomes[0]?.generation)
    }
    await host.close()
    done.abort()
    await Promise.all(writers)
    expect(generations).toEqual([2, 3, 4])
    expect(await rowOf(app)).toEqual({ customer: 'c', orders: sent, total: sent * 50 })
  })

  it('is rebuilt for one tenant while writers of several append', { timeout: 120_000 }, async () => {
    const database = await testDatabase()
    const place = onPostgres(database)
    await using app = await createCairn({ domains: [domain(totals(1))], ...place })
    const sent = { t: 0, u: 0 }
    const send = async (tenantId: 't' | 'u', writer: string): Promise<void> => {
      await app.dispatch(create(`${writer}-${sent[tenantId]}`), { tenantId })
      sent[tenantId]++
    }
    for (let i = 0; i < 20; i++) for (const tenantId of ['t', 'u'] as const) await send(tenantId, 'first')
    const spoilt = 1_000
    await queryOnce(database.url, `update ${database.schema}.totals__v1_g1 set orders = orders + ${spoilt}`)
    const done = new AbortController()
    const writers = (['t', 'u'] as const).map(async (tenantId) => {
      while (!done.signal.aborted) await send(tenantId, 'beside')
    })
    const host = await defineConfig({ domains: [domain(totals(1))], ...place }).openProjectionHost()
    const { outcomes } = await rebuild(host, { all: true, tenant: 't', tuning: { switchTries: 50 } })
    done.abort()
    await Promise.all(writers)
    await host.close()
    expect(outcomes).toMatchObject([{ status: 'rebuilt', error: undefined, tables: [{ rows: 1 }] }])
    expect(await rowOf(app, 't')).toMatchObject({ orders: sent.t })
    expect(await rowOf(app, 'u')).toMatchObject({ orders: sent.u + spoilt })
    await send('t', 'last')
    expect(await rowOf(app, 't')).toMatchObject({ orders: sent.t })
  })

  it('changes its version at once for all: the old code appends none of its events from there on', async () => {
    const place = onPostgres(await testDatabase())
    await using old = await createCairn({ domains: [domain(totals(1))], ...place })
    for (let i = 0; i < 10; i++) await old.dispatch(create(`o-${i}`))
    await using next = await createCairn({ domains: [domain(totals(2))], ...place })
    await expect(old.dispatch(create('late'))).rejects.toMatchObject({
      code: 'CAIRN_SUBSCRIPTION_VERSION',
      message: expect.stringContaining('Deploy the newer code'),
    })
    await next.dispatch(create('o-10'))
    expect(await rowOf(next)).toMatchObject({ orders: 11, largest: 50 })
    // What it does not read is not its business.
    await old.dispatch(orderCommands.markReady({ orderId: 'o-1' }))
  })
})
