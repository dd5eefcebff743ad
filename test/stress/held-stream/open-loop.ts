import { setTimeout as sleep } from 'node:timers/promises'

export interface OpenLoop {
  readonly perSecond: number
  /** Calls that start together, as the callers of a busy process do. */
  readonly burst: number
}

/**
 * Calls at fixed times, whether or not the earlier ones have ended, and measures each from the time at which it should
 * have started: a stall delays all that fall into it, and all of them are counted. Resolves when every call has ended.
 */
export async function openLoop({ perSecond, burst }: OpenLoop, seconds: number, call: () => Promise<unknown>): Promise<number[]> {
  const latencies: number[] = []
  const calls: Promise<void>[] = []
  const failures: unknown[] = []
  const interval = (burst / perSecond) * 1_000
  const started = performance.now()
  for (let scheduled = started; scheduled < started + seconds * 1_000 && failures.length === 0; scheduled += interval) {
    const wait = scheduled - performance.now()
    if (wait > 0) await sleep(wait)
    for (let i = 0; i < burst; i++) {
      const measuring = measured(call, scheduled, latencies)
      measuring.catch((error: unknown) => failures.push(error))
      calls.push(measuring)
    }
  }
  await Promise.all(calls)
  return latencies
}

async function measured(call: () => Promise<unknown>, scheduled: number, latencies: number[]): Promise<void> {
  await call()
  latencies.push(performance.now() - scheduled)
}
