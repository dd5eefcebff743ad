import type { SubscriptionStatus, WaitOptions } from '@cairn/core'

/** A subscription that this process takes part in. */
export interface AppSubscription {
  readonly name: string
  /** Resolves when every event up to a position was handled (or parked), by this process or another. @throws WaitTimeoutError */
  waitFor(position: number, options?: WaitOptions): Promise<void>
  /** How it stands, over all processes. */
  status(): Promise<SubscriptionStatus>
  /** Takes no more part: what is being handled ends, then others may take over. The subscription stays stored. */
  stop(): Promise<void>
}
