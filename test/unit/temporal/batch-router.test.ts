import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchRouter, type BatchRouterOptions } from '@cairn/infra/temporal'

type Send = BatchRouterOptions<string, number, string>['send']

function routerOver(send: Send, options: Partial<BatchRouterOptions<string, number, string>> = {}): BatchRouter<string, number, string> {
  return new BatchRouter({
    keyOf: (target) => target,
    sizeOf: () => 1,
    maxBatch: 100,
    maxBatchBytes: 1_000,
    maxInFlight: 10,
    maxWaiting: 10_000,
    ...options,
    send,
  })
}

/** A `send` that a test lets go on. */
function heldSend() {
  const batches: { readonly target: string; readonly items: readonly number[]; readonly go: (error?: Error) => void }[] = []
  const send: Send = (target, items) =>
    new Promise((resolve, reject) => {
      const go = (error?: Error): void => (error === undefined ? resolve(items.map((item) => `${target}${item}`)) : reject(error))
      batches.push({ target, items, go })
    })
  return { batches, send }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('the first goes at once; what comes meanwhile goes as one batch, in order, and each gets its own answer', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send)
  const first = router.route('a', 0)
  await turn()
  const rest = [1, 2, 3].map((item) => router.route('a', item))
  await turn()
  expect(batches.map(({ items }) => items)).toEqual([[0]])
  batches[0]?.go()
  await turn()
  expect(batches.map(({ items }) => items)).toEqual([[0], [1, 2, 3]])
  batches[1]?.go()
  expect(await Promise.all([first, ...rest])).toEqual(['a0', 'a1', 'a2', 'a3'])
})

test('targets do not wait for each other, up to so many in flight', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send, { maxInFlight: 2 })
  const answers = ['a', 'b', 'c'].map((target) => router.route(target, 1))
  await turn()
  expect(batches.map(({ target }) => target)).toEqual(['a', 'b'])
  batches[1]?.go()
  await turn()
  expect(batches.map(({ target }) => target)).toEqual(['a', 'b', 'c'])
  batches[0]?.go()
  batches[2]?.go()
  expect(await Promise.all(answers)).toEqual(['a1', 'b1', 'c1'])
})

test('a busy target gives its place to those that wait', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send, { maxInFlight: 1, maxBatch: 1 })
  const answers = [router.route('a', 1), router.route('a', 2), router.route('b', 1)]
  for (let i = 0; i < 3; i++) {
    await turn()
    batches[i]?.go()
  }
  await Promise.all(answers)
  expect(batches.map(({ target }) => target)).toEqual(['a', 'b', 'a'])
})

test('more than may wait is refused, and nothing else is disturbed', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send, { maxWaiting: 2 })
  const first = router.route('a', 0)
  await turn()
  const waiting = [router.route('a', 1), router.route('b', 2)]
  await expect(router.route('c', 3)).rejects.toMatchObject({ code: 'CAIRN_ROUTER_FULL', retryable: true })
  for (let i = 0; i < 3; i++) {
    await turn()
    batches[i]?.go()
  }
  expect(await Promise.all([first, ...waiting])).toEqual(['a0', 'a1', 'b2'])
  expect(router.waiting).toBe(0)
})

test('when a batch fails, what waits behind it is told the same and nothing overtakes; the target is usable again', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send)
  const first = router.route('a', 0)
  await turn()
  const second = router.route('a', 1)
  batches[0]?.go(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect(second).rejects.toThrow('away')
  expect(router.waiting).toBe(0)
  const third = router.route('a', 2)
  await turn()
  batches[1]?.go()
  expect(await third).toBe('a2')
})

test('closing refuses what is new and answers what waits', async () => {
  const { batches, send } = heldSend()
  const router = routerOver(send)
  const answers = [router.route('a', 0)]
  await turn()
  answers.push(router.route('a', 1))
  let closed = false
  const closing = router.close().then(() => (closed = true))
  await expect(router.route('a', 2)).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
  batches[0]?.go()
  await turn()
  expect(closed).toBe(false)
  batches[1]?.go()
  await closing
  expect(await Promise.all(answers)).toEqual(['a0', 'a1'])
})

test('whatever the limits: each target gets its items once, in order, one batch at a time, within the limits', async () => {
  const limits = fc.record({
    maxBatch: fc.integer({ min: 1, max: 5 }),
    maxBatchBytes: fc.integer({ min: 1, max: 20 }),
    maxInFlight: fc.integer({ min: 1, max: 3 }),
  })
  const calls = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 12 }), fc.boolean()), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(limits, calls, async (options, routed) => {
      const got = new Map<string, number[]>()
      const busy = new Set<string>()
      const router = routerOver(
        async (target, items) => {
          expect(busy.has(target)).toBe(false)
          busy.add(target)
          expect(busy.size).toBeLessThanOrEqual(options.maxInFlight)
          expect(items.length).toBeLessThanOrEqual(options.maxBatch)
          const bytes = items.reduce((sum, item) => sum + (item % 100), 0)
          // A single item may be larger than the limit.
          expect(items.length === 1 || bytes <= options.maxBatchBytes).toBe(true)
          await Promise.resolve()
          got.set(target, [...(got.get(target) ?? []), ...items])
          busy.delete(target)
          return items.map((item) => `${target}${item}`)
        },
        { ...options, sizeOf: (item) => item % 100 },
      )
      const answers: Promise<string>[] = []
      for (const [i, [target, size, pause]] of routed.entries()) {
        answers.push(router.route(target, i * 100 + size))
        if (pause) await Promise.resolve()
      }
      expect(await Promise.all(answers)).toEqual(routed.map(([target, size], i) => `${target}${i * 100 + size}`))
      for (const [target, items] of got) {
        expect(items).toEqual(routed.flatMap(([t, size], i) => (t === target ? [i * 100 + size] : [])))
      }
    }),
    { numRuns: 200 },
  )
})
