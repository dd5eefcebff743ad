import type { ContractGroup } from './contract-case.ts'
import { registerContract } from './register-contract.ts'
import { committing } from './subscription-store/committing.ts'
import { subscriptionStoreContext, type SubscriptionStoreContext, type SubscriptionStoreFixture } from './subscription-store/context.ts'
import { heartbeats, releasing, taking } from './subscription-store/leases.ts'
import { parkedEvents } from './subscription-store/parked-events.ts'
import { listing, registering } from './subscription-store/registering.ts'
import { controlling, marking, removing, resetting } from './subscription-store/states.ts'

/** Every promise of `SubscriptionStorePort`, as data. */
export const subscriptionStoreCases: readonly ContractGroup<SubscriptionStoreContext>[] = [
  registering,
  listing,
  taking,
  heartbeats,
  releasing,
  committing,
  marking,
  controlling,
  resetting,
  removing,
  parkedEvents,
]

/**
 * What every store of subscriptions must pass. Call it at the top level of a vitest file; `factory` is called once, and each
 * case works with subscriptions of its own.
 */
export function subscriptionStoreContract(name: string, factory: () => Promise<SubscriptionStoreFixture>): void {
  registerContract(name, subscriptionStoreCases, factory, subscriptionStoreContext)
}
