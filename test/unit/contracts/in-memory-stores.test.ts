import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { commandStoreContract, eventStoreContract } from '@cairn/testing/contracts'

const cleanup = async (): Promise<void> => {}

eventStoreContract('InMemoryEventStore', async () => ({ store: new InMemoryEventStore(), cleanup }))
commandStoreContract('InMemoryCommandStore', async () => ({ store: new InMemoryCommandStore(), cleanup }))
