import { subscriptionStoreContract } from '@cairn/testing/contracts'
import { pgSubscriptionStores } from './pg-subscription-stores.ts'

// Handlers' SQL and rows of projections go over connections of different pools.
subscriptionStoreContract('PgSubscriptionStore under handlers', await pgSubscriptionStores('bySql'))
subscriptionStoreContract('PgSubscriptionStore under projections', await pgSubscriptionStores('asRows'))
