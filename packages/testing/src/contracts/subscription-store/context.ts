import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7, type SubscriptionKind, type SubscriptionStorePort, type SubscriptionTransaction } from '@cairn/core'

/** What a factory hands to the suite. */
export interface SubscriptionStoreFixture {
  readonly store: SubscriptionStorePort
  /** A second store over the same data (another process, as far as it can tell). @default `store` */
  readonly rival?: SubscriptionStorePort
  /** The kind of the suite's subscriptions. @default 'subscription' */
  readonly kind?: SubscriptionKind
  /** An effect of a transaction, and all those that took place: in whatever way a store's transaction can have effects. */
  readonly effects: {
    write(tx: SubscriptionTransaction, note: string): Promise<void>
    written(): Promise<readonly string[]>
  }
  /** Lets the clock of the leases go on. @default waits */
  readonly elapse?: (ms: number) => Promise<void>
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. Its subscriptions are its own, so that one store serves the whole suite. */
export interface SubscriptionStoreContext {
  readonly store: SubscriptionStorePort
  readonly rival: SubscriptionStorePort
  readonly kind: SubscriptionKind
  readonly effects: SubscriptionStoreFixture['effects']
  elapse(ms: number): Promise<void>
  /** A name that nobody else uses; the same for the same word. */
  name(word?: string): string
}

export function subscriptionStoreContext(fixture: SubscriptionStoreFixture): SubscriptionStoreContext {
  const own = uuidv7()
  return {
    store: fixture.store,
    rival: fixture.rival ?? fixture.store,
    kind: fixture.kind ?? 'subscription',
    effects: fixture.effects,
    elapse: fixture.elapse ?? ((ms) => sleep(ms)),
    name: (word = 'subscription') => `${word}-${own}`,
  }
}
