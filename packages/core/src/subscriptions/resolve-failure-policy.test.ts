import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineEvents } from '../definition/define-events.ts'
import { DefinitionError } from '../errors/domain.ts'
import { defineProcessManager } from '../process-managers/define-process-manager.ts'
import { RealtimePumpBase } from '../pumps/realtime-pump-base.ts'
import { defaultFailurePolicy, type FailurePolicy } from './failure-policy.ts'
import { handlerConsumer } from './handler-consumer.ts'
import { resolveFailurePolicy, type FailureOptions } from './resolve-failure-policy.ts'

const refuse = (problem: string): Error => new DefinitionError(`It ${problem}.`)
const resolve = (options: unknown): FailurePolicy => resolveFailurePolicy(options as FailureOptions, refuse)

test('what is left out or undefined is the default', () => {
  expect(resolve({})).toEqual(defaultFailurePolicy)
  const nothing = { onExhausted: undefined, blockKey: undefined, maxWaiting: undefined }
  expect(resolve({ ...nothing, retry: undefined })).toEqual(defaultFailurePolicy)
  expect(resolve({ ...nothing, retry: { attempts: undefined, backoff: undefined, jitter: undefined } })).toEqual(defaultFailurePolicy)
  const backoff = { kind: 'exponential', firstMs: 5, factor: undefined, maxMs: undefined }
  expect(resolve({ retry: { backoff } }).retry.backoff).toEqual({ kind: 'exponential', firstMs: 5, factor: 4, maxMs: 30_000 })
})

test('what is said is kept', () => {
  const custom = { kind: 'custom', delayMs: (attempt: number) => attempt } as const
  const said: FailurePolicy = {
    retry: { attempts: Infinity, backoff: custom, jitter: 1 },
    onExhausted: 'stop',
    blockKey: false,
    maxWaiting: 0,
  }
  expect(resolve(said)).toEqual(said)
})

test.each<[unknown, RegExp]>([
  [{ retry: { attempts: NaN } }, /has retry\.attempts NaN/],
  [{ retry: { attempts: 0 } }, /has retry\.attempts 0/],
  [{ retry: { attempts: 2.5 } }, /has retry\.attempts 2\.5/],
  [{ retry: { attempts: '3' } }, /has retry\.attempts 3/],
  [{ retry: { jitter: 1.5 } }, /has retry\.jitter 1\.5/],
  [{ retry: { jitter: NaN } }, /has retry\.jitter NaN/],
  [{ retry: { backoff: { kind: 'fixed' } } }, /has retry\.backoff\.delayMs undefined/],
  [{ retry: { backoff: { kind: 'fixed', delayMs: NaN } } }, /has retry\.backoff\.delayMs NaN/],
  [{ retry: { backoff: { kind: 'fixed', delayMs: Infinity } } }, /has retry\.backoff\.delayMs Infinity/],
  [{ retry: { backoff: { kind: 'exponential', firstMs: -1 } } }, /has retry\.backoff\.firstMs -1/],
  [{ retry: { backoff: { kind: 'exponential', factor: NaN } } }, /has retry\.backoff\.factor NaN/],
  [{ retry: { backoff: { kind: 'exponential', maxMs: NaN } } }, /has retry\.backoff\.maxMs NaN/],
  [{ retry: { backoff: { kind: 'custom', delayMs: 5 } } }, /has retry\.backoff\.delayMs 5.*function/],
  [{ retry: { backoff: { kind: 'linear' } } }, /kind must be 'fixed', 'exponential' or 'custom'/],
  [{ retry: { backoff: null } }, /has retry\.backoff null/],
  [{ onExhausted: 'skip' }, /has onExhausted "skip"/],
  [{ blockKey: 1 }, /has blockKey 1/],
  [{ maxWaiting: NaN }, /has maxWaiting NaN/],
  [{ maxWaiting: -1 }, /has maxWaiting -1/],
])('what means nothing is refused by name: %#', (options, message) => {
  expect(() => resolve(options)).toThrow(message)
})

const events = defineEvents('job', { poked: z.object({}) })
const attempts = NaN

const handler = (retry: object) => handlerConsumer({ name: 'mailer', types: '*', retry }, () => undefined)
const manager = (failure: object) =>
  defineProcessManager('fulfilment', { events: [events], failure })
    .correlate({ 'job.poked': (e) => e.aggregateId })
    .on({ 'job.poked': () => [] })

test('each definition says whose option is wrong, and goes on with the defaults where it says undefined', () => {
  expect(() => handler({ attempts })).toThrow(/Subscription "mailer" has retry\.attempts NaN/)
  expect(handler({ attempts: undefined }).failure).toEqual(defaultFailurePolicy)
  expect(() => manager({ retry: { attempts } })).toThrow(/Process manager "fulfilment" has retry\.attempts NaN/)
  expect(manager({ retry: { attempts: undefined }, maxWaiting: undefined }).failure).toEqual(defaultFailurePolicy)
  const source = { open: () => Promise.reject(new Error('not opened')) }
  const eventSpec = { event: '*', schema: 'cairn', table: 'events' } as const
  const pump = (retry: object) =>
    new RealtimePumpBase({ channel: 'orders', eventSpec, processBatch: () => undefined, retry } as never, { source })
  expect(() => pump({ attempts })).toThrow(/Pump "orders" has retry\.attempts NaN/)
  expect(() => pump({ attempts: undefined })).not.toThrow()
})
