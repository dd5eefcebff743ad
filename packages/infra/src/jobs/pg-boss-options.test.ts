import { expect, test } from 'vitest'
import { jobKey } from './job-key.ts'
import { resolvePgBossOptions } from './pg-boss-options.ts'

test('options have defaults, and those that cannot be are refused by name', () => {
  expect(resolvePgBossOptions()).toMatchObject({ queue: 'commands', worker: true, workers: 2, batchSize: 128, heartbeatSeconds: 10 })
  expect(() => resolvePgBossOptions({ schema: 'Jobs"; drop' })).toThrow(/schema must be 1\.\.46 lower-case letters/)
  expect(() => resolvePgBossOptions({ queue: "it's" })).toThrow(/queue must be/)
  expect(() => resolvePgBossOptions({ heartbeatSeconds: 9 })).toThrow('heartbeatSeconds must be a whole number from 10 on, not 9.')
  expect(() => resolvePgBossOptions({ handOver: 1_001 })).toThrow('handOver must be a whole number from 1 to 1000, not 1001.')
})

test('no two aggregates share a key', () => {
  const keys = [
    ['a', 'b', 'c'],
    ['a/b', 'c', ''],
    ['a', 'b/c', ''],
    ['a%2Fb', 'c', ''],
    ['a', 'b', 'c/'],
    ['a', 'b', 'c%2F'],
  ].map(([tenantId = '', aggregateType = '', aggregateId = '']) => jobKey({ tenantId, aggregateType, aggregateId }))
  expect(new Set(keys).size).toBe(keys.length)
})
