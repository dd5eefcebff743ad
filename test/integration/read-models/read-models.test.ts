import { PgReadModels, PooledRowStore } from '@cairn/infra/pg'
import { readModelContract, readModelOrders, readModelSealed } from '@cairn/testing/contracts'
import { planOf } from './support/models.ts'
import { projections } from './support/projections.ts'

const { db, store } = await projections()

readModelContract('PgReadModels', async () => {
  const tables = [readModelOrders, readModelSealed]
  const { tables: made } = await store.ensure(planOf('sales', tables))
  const [orders, sealed] = made
  if (orders === undefined || sealed === undefined) throw new TypeError('no tables')
  const models = new PgReadModels(db, [{ name: 'sales', version: 1, tables }])
  return { models, rows: new PooledRowStore(db), orders, sealed, cleanup: async () => undefined }
})
