import { allRows, createCairn, defineDomain, defineProjection, integer, table, text } from '@cairn/cairn'
import { orderEvents } from '@cairn/example-shop'
import type { Client } from 'pg'
import { caughtUp } from '../projections/catch-up.ts'
import { countMails, makeMailsTable, sendMails } from '../projections/mails.ts'
import { onDatabase, shopDomains } from '../projections/shop-place.ts'
import { ShopWriter } from '../projections/shop-writer.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import type { OnStep } from '../support/verdict.ts'

export interface SmallPool {
  readonly projections: number
  /** Everything was handled in time: nothing waited for itself. */
  readonly done: boolean
  readonly behind: string
  readonly lost: number
  readonly doubled: number
  readonly seconds: number
}

/** Without anything moving. */
const patienceMs = 20_000

const perCustomer = defineProjection('orders-per-customer', {
  version: 1,
  events: [orderEvents],
  tables: table({ customer: text(), orders: integer() }, { key: 'customer', readAccess: { '*': allRows } }),
}).fold('orders_per_customer', {
  key: ({ payload }) => ('customerId' in payload ? payload.customerId : 'others'),
  evolve: { 'order.created': (row) => ({ orders: (row?.orders ?? 0) + 1 }) },
})

const openOrders = defineProjection('open-orders', {
  version: 1,
  events: [orderEvents],
  partitionBy: 'stream',
  partitions: 3,
  tables: table({ id: text(), state: text() }, { key: 'id', readAccess: { '*': allRows } }),
}).on({
  'order.created': ({ aggregateId }, { open_orders }) => open_orders.upsert({ id: aggregateId, state: 'open' }),
  // Reads a row that is not in memory any more: the connection that this takes is one of the two.
  'order.ready': async ({ aggregateId }, { open_orders }) => {
    if ((await open_orders.get(aggregateId)) !== undefined) open_orders.patch(aggregateId, { state: 'ready' })
  },
  'order.cancelled': ({ aggregateId }, { open_orders }) => open_orders.delete(aggregateId),
})

const more = defineDomain('more', { aggregates: [], projections: [perCustomer, openOrders] })

/** Five projections and a transactional handler, on the smallest pool there may be, with no rows kept in memory. */
export async function throughSmallPool(
  admin: Client,
  database: CheckDatabase,
  events: number,
  seed: number,
  onStep: OnStep,
): Promise<SmallPool> {
  onStep('a pool of two connections')
  const started = performance.now()
  await makeMailsTable(admin)
  const domains = [...shopDomains, more]
  const app = await createCairn({
    domains,
    ...onDatabase(database),
    pg: { workerPoolSize: 2, poolSize: 2 },
    background: { pollMs: 100, cacheRows: 1 },
  })
  const stores = await openStores(database, 1)
  try {
    await sendMails(app)
    const writer = new ShopWriter(stores.at(0), new Random(seed))
    await writer.write(events)
    const { done, behind } = await caughtUp(admin, database, writer.position, patienceMs)
    const { lost, doubled } = await countMails(admin, database)
    const projections = domains.reduce((sum, domain) => sum + domain.projections.length, 0)
    return { projections, done, behind, lost, doubled, seconds: Math.round((performance.now() - started) / 100) / 10 }
  } finally {
    await stores.close()
    await app.stop()
  }
}
