import { uuidv7 } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore, InMemoryProcessStore, type InMemoryInline } from '@cairn/infra/memory'
import { commandQueueContract, dueCommandsContract, processInstancesContract } from '@cairn/testing/contracts'

const cleanup = async (): Promise<void> => {}

/** Transactions of one instance come one after another. */
function newKey() {
  return { processManager: 'p', tenantId: 't', instanceId: uuidv7() }
}

dueCommandsContract('InMemoryDueCommands', async () => {
  const store = new InMemoryCommandStore()
  const events = new InMemoryEventStore({ commands: store })
  return { store, events, due: store.due, insert: async (row) => store.insert(row), cleanup }
})

processInstancesContract('InMemoryProcessStore', async () => ({ instances: new InMemoryProcessStore(), cleanup }))

commandQueueContract('InMemoryProcessStore’s transactions', async () => {
  const store = new InMemoryCommandStore()
  const processes = new InMemoryProcessStore(store)
  const events = new InMemoryEventStore({ commands: store })
  return { store, events, transaction: (_, work) => processes.transaction(newKey(), (tx) => work(tx.commands)), cleanup }
})

commandQueueContract('InMemoryEventStore’s transactions', async () => {
  const store = new InMemoryCommandStore()
  const events = new InMemoryEventStore({ commands: store })
  return { store, events, transaction: (tenantId, work) => events.transaction(tenantId, (tx) => work(tx.commands)), cleanup }
})

commandQueueContract('InMemoryEventStore’s transactions, with inline projections', async () => {
  const store = new InMemoryCommandStore()
  const inline: InMemoryInline = {
    writer: { types: new Set(['order.noted']), write: () => Promise.resolve() },
    begin: () => ({ open: () => Promise.reject(new Error('nothing is written')), commit: () => undefined }),
  }
  const events = new InMemoryEventStore({ commands: store, inline })
  return { store, events, transaction: (tenantId, work) => events.transaction(tenantId, (tx) => work(tx.commands)), cleanup }
})
