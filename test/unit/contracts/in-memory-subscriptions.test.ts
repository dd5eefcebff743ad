import { InMemoryEventStore, InMemoryLogReader } from '@cairn/infra/memory'
import { logReaderContract, subscriptionStoreContract } from '@cairn/testing/contracts'
import { inMemorySubscriptions } from './in-memory-subscriptions.ts'

const cleanup = async (): Promise<void> => {}

subscriptionStoreContract('InMemorySubscriptionStore', async () => inMemorySubscriptions())
logReaderContract('InMemoryLogReader', async () => {
  const store = new InMemoryEventStore()
  return { store, reader: new InMemoryLogReader(store), cleanup }
})
logReaderContract('InMemoryLogReader with a narrow window', async () => {
  const store = new InMemoryEventStore()
  return { store, reader: new InMemoryLogReader(store, { window: 2 }), cleanup }
})
