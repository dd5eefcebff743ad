import { LoggingEventStore, RetryingEventStore, silentLogger } from '@cairn/core'
import { eventStoreContract } from '@cairn/testing/contracts'
import { TenantRouter } from '../../unit/contracts/tenant-router.ts'
import { pgEventStores } from './pg-event-stores.ts'

const open = await pgEventStores()

eventStoreContract('PgEventStore with log lines, retries and tenant guards', async () => {
  const { store, rival, cleanup } = await open()
  const decorate = (inner: typeof store): LoggingEventStore =>
    new LoggingEventStore(new RetryingEventStore(new TenantRouter(inner)), { logger: silentLogger })
  return { store: decorate(store), rival: decorate(rival), cleanup }
})
