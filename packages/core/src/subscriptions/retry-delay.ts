import type { RetryBackoff, RetryPolicy } from './failure-policy.ts'

/** The wait before the next try, in milliseconds; `attempt` is that of the try that failed, from 1. */
export function retryDelay({ backoff, jitter }: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const full = backoffDelay(backoff, attempt)
  return Number.isFinite(full) && full > 0 ? full * (1 - jitter * random()) : 0
}

function backoffDelay(backoff: RetryBackoff, attempt: number): number {
  switch (backoff.kind) {
    case 'fixed':
      return backoff.delayMs
    case 'exponential':
      return Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (attempt - 1))
    case 'custom':
      return backoff.delayMs(attempt)
  }
}

/** The wait before something that has nothing to do with an event is tried again: doubling up to fifty times the first, half of it random. */
export function outageDelay(firstMs: number, tries: number, random: () => number = Math.random): number {
  return firstMs * Math.min(50, 2 ** (tries - 1)) * (1 - 0.5 * random())
}
