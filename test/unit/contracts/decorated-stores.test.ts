import { DatabaseUnavailableError, LoggingEventStore, RetryingEventStore, silentLogger } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { eventStoreContract } from '@cairn/testing/contracts'
import { FailingEventStore } from './failing-event-store.ts'
import { TenantRouter } from './tenant-router.ts'

const cleanup = async (): Promise<void> => {}

eventStoreContract('LoggingEventStore', async () => ({
  store: new LoggingEventStore(new InMemoryEventStore(), { logger: silentLogger }),
  cleanup,
}))

eventStoreContract('TenantGuardedEventStore, one for each tenant', async () => ({
  store: new TenantRouter(new InMemoryEventStore()),
  cleanup,
}))

// Every third call that may be repeated fails once, and nobody sees it.
eventStoreContract('RetryingEventStore over a database that comes and goes', async () => {
  let calls = 0
  const failing = new FailingEventStore(new InMemoryEventStore(), ({ repeatable }) => {
    if (repeatable && ++calls % 3 === 0) throw new DatabaseUnavailableError('a call', undefined)
  })
  return { store: new RetryingEventStore(failing, { sleep: async () => {} }), cleanup }
})
