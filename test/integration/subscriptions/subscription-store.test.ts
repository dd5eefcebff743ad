import { subscriptionStoreContract } from '@cairn/testing/contracts'
import { pgSubscriptionStores } from './pg-subscription-stores.ts'

subscriptionStoreContract('PgSubscriptionStore', await pgSubscriptionStores())
