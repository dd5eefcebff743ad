import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runFor } from './work.ts'

test('operations of all loops are counted, also those that end while another waits', async () => {
  let done = 0
  const timed = await runFor(
    {
      loops: 20,
      async step() {
        await sleep(1)
        done += 3
        return 3
      },
    },
    0.05,
  )
  expect(timed.operations).toBe(done)
  expect(timed.failed).toBe(0)
})

test('a step that began is waited for, and its time counts', async () => {
  const timed = await runFor(
    {
      loops: 1,
      async step() {
        await sleep(60)
        return 1
      },
    },
    0.01,
  )
  expect(timed.operations).toBe(1)
  expect(timed.seconds).toBeGreaterThan(0.05)
})

test('callers that fail are counted with the first reason, and a loop that only fails ends', async () => {
  const timed = await runFor({ loops: 1, step: () => Promise.reject(new Error('no connection')) }, 60)
  expect(timed.failed).toBe(1001)
  expect(timed.firstError).toBe('no connection')
  expect(timed.operations).toBe(0)
})
