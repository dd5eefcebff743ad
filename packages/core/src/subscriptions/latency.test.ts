import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Latency } from './latency.ts'

describe('Latency', () => {
  it('knows percentiles to within a tenth', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }), (times) => {
        const latency = new Latency()
        for (const ms of times) latency.record(ms, 1)
        const sorted = times.toSorted((a, b) => a - b)
        const summary = latency.summary(2)
        const exact = (part: number): number => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0
        expect(summary?.count).toBe(times.length)
        expect(summary?.max).toBe(sorted.at(-1))
        for (const [found, part] of [[summary?.p50, 0.5] as const, [summary?.p99, 0.99] as const]) {
          expect(found).toBeGreaterThanOrEqual(exact(part) * 0.999)
          expect(found).toBeLessThanOrEqual(exact(part) * 1.1)
        }
      }),
    )
  })

  it('forgets what is older than two minutes, and has nothing to say without events', () => {
    const latency = new Latency(1_000)
    expect(latency.summary(0)).toBeUndefined()
    latency.record(500, 100)
    latency.record(5, 1_200)
    expect(latency.summary(1_300)).toMatchObject({ count: 2, max: 500 })
    latency.record(5, 2_300)
    expect(latency.summary(2_400)).toMatchObject({ count: 2, max: 5 })
    expect(latency.summary(9_000)).toBeUndefined()
  })
})
