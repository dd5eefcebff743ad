import { describe, expect, it } from 'vitest'
import { outageDelay, retryDelay } from './retry-delay.ts'

const custom = (delayMs: (attempt: number) => number) => ({ attempts: 9, backoff: { kind: 'custom', delayMs }, jitter: 0 }) as const

describe('retryDelay', () => {
  it('grows by the factor up to the most', () => {
    const policy = { attempts: 9, backoff: { kind: 'exponential', firstMs: 100, factor: 4, maxMs: 5_000 }, jitter: 0 } as const
    expect([1, 2, 3, 4, 9].map((attempt) => retryDelay(policy, attempt))).toEqual([100, 400, 1_600, 5_000, 5_000])
  })

  it('is random in the part that the jitter says', () => {
    const policy = { attempts: 9, backoff: { kind: 'fixed', delayMs: 100 }, jitter: 0.3 } as const
    expect(retryDelay(policy, 1, () => 0)).toBe(100)
    expect(retryDelay(policy, 1, () => 1)).toBe(70)
  })

  it('takes a function, and nonsense from one as no wait', () => {
    expect(
      retryDelay(
        custom((attempt) => attempt * 7),
        3,
      ),
    ).toBe(21)
    for (const nonsense of [Number.NaN, -5, Number.POSITIVE_INFINITY])
      expect(
        retryDelay(
          custom(() => nonsense),
          1,
        ),
      ).toBe(0)
  })
})

describe('outageDelay', () => {
  it('doubles up to fifty times the first', () => {
    expect([1, 2, 3, 7, 5_000].map((tries) => outageDelay(100, tries, () => 0))).toEqual([100, 200, 400, 5_000, 5_000])
  })
})
