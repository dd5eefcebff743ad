import { eventStoreContract } from '@cairn/testing/contracts'
import { pgEventStores } from './pg-event-stores.ts'

eventStoreContract('PgEventStore', await pgEventStores())
