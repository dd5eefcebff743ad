import { describe, expect, it } from 'vitest'
import { AggregateCache } from './aggregate-cache.ts'

const entry = (version: number) => ({ state: { version }, version })

describe('AggregateCache', () => {
  it('forgets first what was used longest ago, by reading or by writing', () => {
    const cache = new AggregateCache(2)
    cache.set('a', entry(1))
    cache.set('b', entry(1))
    cache.get('a')
    cache.set('c', entry(1))
    expect([cache.get('a')?.version, cache.get('b')?.version, cache.get('c')?.version]).toEqual([1, undefined, 1])
    cache.set('a', entry(2))
    cache.set('d', entry(1))
    expect([cache.get('a')?.version, cache.get('c')?.version, cache.get('d')?.version]).toEqual([2, undefined, 1])
    expect(cache.size).toBe(2)
  })

  it('forgets what it is told to', () => {
    const cache = new AggregateCache(2)
    cache.set('a', entry(1))
    cache.delete('a')
    expect(cache.get('a')).toBeUndefined()
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses to hold %d', (max) => {
    expect(() => new AggregateCache(max)).toThrow('aggregateCache')
  })
})
