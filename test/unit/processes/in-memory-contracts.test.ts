import { InMemoryCommandStore, InMemoryEventStore, InMemoryProcessStore } from '@cairn/infra/memory'
import { commandQueueContract, dueCommandsContract, processInstancesContract } from '@cairn/testing/contracts'

const cleanup = async (): Promise<void> => {}

dueCommandsContract('InMemoryDueCommands', async () => {
  const store = new InMemoryCommandStore()
  return { store, due: store.due, insert: async (row) => store.insert(row), cleanup }
})

processInstancesContract('InMemoryProcessStore', async () => ({ instances: new InMemoryProcessStore(), cleanup }))

commandQueueContract('InMemoryProcessStore’s transactions', async () => {
  const store = new InMemoryCommandStore()
  const processes = new InMemoryProcessStore(store)
  const key = { processManager: 'p', tenantId: 't', instanceId: 'i' }
  return { store, transaction: (_, work) => processes.transaction(key, (tx) => work(tx.commands)), cleanup }
})

commandQueueContract('InMemoryEventStore’s transactions', async () => {
  const store = new InMemoryCommandStore()
  const events = new InMemoryEventStore({ commands: store })
  return { store, transaction: (tenantId, work) => events.transaction(tenantId, (tx) => work(tx.commands)), cleanup }
})
