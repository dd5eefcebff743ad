import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionOf } from './partition-of.ts'

describe('partitionOf', () => {
  it('never changes: parked events are kept by partition', () => {
    expect(['', 'a', 'acme/order/1', 'acme/order/2', 'größe', '\u{1F600}'].map((key) => partitionOf(key, 256))).toEqual([
      11, 39, 192, 117, 23, 6,
    ])
  })

  it('is always a partition, and the same for the same key', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 256 }), (key, partitions) => {
        const partition = partitionOf(key, partitions)
        expect(partition).toBeGreaterThanOrEqual(0)
        expect(partition).toBeLessThan(partitions)
        expect(partitionOf(`${key}`, partitions)).toBe(partition)
      }),
    )
  })

  it.each([2, 3, 8, 100])('spreads keys that differ only at their end over %d partitions', (partitions) => {
    const counts = Array.from({ length: partitions }, () => 0)
    const keys = 1_000 * partitions
    for (let i = 0; i < keys; i++) {
      const partition = partitionOf(`acme/order/${i}`, partitions)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })
})
