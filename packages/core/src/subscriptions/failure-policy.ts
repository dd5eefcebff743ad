/** Waits before the next try, in milliseconds; `attempt` is that of the try that failed, from 1. */
export type RetryBackoff =
  | { readonly kind: 'fixed'; readonly delayMs: number }
  | { readonly kind: 'exponential'; readonly firstMs: number; readonly factor: number; readonly maxMs: number }
  | { readonly kind: 'custom'; readonly delayMs: (attempt: number) => number }

export interface RetryPolicy {
  /** Tries in all, 1...; Infinity never gives up. */
  readonly attempts: number
  readonly backoff: RetryBackoff
  /** The part of each wait that is random, 0..1, so that many do not come back at once. */
  readonly jitter: number
}

/** What becomes of an event whose handler fails. Losing the database or the lease is no failure of an event. */
export interface FailurePolicy {
  readonly retry: RetryPolicy
  /** park: set the event aside, let later events of its key wait, go on with the others. stop: the partition fails there. */
  readonly onExhausted: 'park' | 'stop'
  /** False lets later events of a parked one's key go on without it. */
  readonly blockKey: boolean
  /** The partition fails when more events than this are parked or waiting in it. */
  readonly maxWaiting: number
}

export const defaultExponential = { kind: 'exponential', firstMs: 100, factor: 4, maxMs: 30_000 } as const

export const defaultFailurePolicy: FailurePolicy = {
  retry: { attempts: 5, backoff: defaultExponential, jitter: 0.3 },
  onExhausted: 'park',
  blockKey: true,
  maxWaiting: 10_000,
}
