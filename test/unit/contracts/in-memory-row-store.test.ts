import { InMemoryRowStore } from '@cairn/core'
import { rowStoreContract } from '@cairn/testing/contracts'

let made = 0

rowStoreContract('InMemoryRowStore', async () => ({
  store: new InMemoryRowStore(),
  make: async (model) => ({ name: `${model.name}__v1_g${++made}`, model }),
  cleanup: async () => undefined,
}))
