import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import { commandStoreContract } from './command-store-contract.ts'
import { eventStoreContract } from './event-store-contract.ts'

const cleanup = async (): Promise<void> => {}

eventStoreContract('InMemoryEventStore', async () => ({ store: new InMemoryEventStore(), cleanup }))
commandStoreContract('InMemoryCommandStore', async () => ({ store: new InMemoryCommandStore(), cleanup }))
