import { SubscriptionEngine, type SubscriptionEngineOptions } from '@cairn/core'
import { InMemoryHints, type InMemorySubscriptionStore } from '@cairn/infra/memory'
import type { LogOfEvents } from './log-of-events.ts'

/** An engine whose clocks run fast: a lease of 200 ms, a poll every 20 ms. */
export function fastEngine(
  log: LogOfEvents,
  store: InMemorySubscriptionStore | SubscriptionEngineOptions['store'],
  options: Partial<SubscriptionEngineOptions> = {},
): SubscriptionEngine {
  return new SubscriptionEngine({
    reader: log.reader,
    store,
    hints: log.hints ?? new InMemoryHints(),
    lift: (event) => event,
    knows: () => true,
    leaseMs: 200,
    heartbeatMs: 20,
    pollMs: 20,
    outageMs: 2,
    standBackMs: 200,
    lazyCheckpointMs: 10,
    ...options,
  })
}

/** Waits until something is so; fails with the reason when it does not come. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`It did not come to this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}
