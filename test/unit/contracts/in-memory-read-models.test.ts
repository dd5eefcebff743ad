import { InMemoryRowStore } from '@cairn/core'
import { InMemoryReadModels } from '@cairn/infra/memory'
import { readModelContract, readModelOrders, readModelSealed } from '@cairn/testing/contracts'

readModelContract('InMemoryReadModels', async () => {
  const rows = new InMemoryRowStore()
  const orders = { name: 'orders__v1_g1', model: readModelOrders }
  const sealed = { name: 'sealed__v1_g1', model: readModelSealed }
  return { models: new InMemoryReadModels(rows, [orders, sealed]), rows, orders, sealed, cleanup: async () => undefined }
})
