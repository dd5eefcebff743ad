import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { StallWatch } from './stall-watch.ts'

function watched(limitMs: number) {
  let queuedAt = 0
  const state = { givenUp: false }
  const watch = new StallWatch(
    limitMs,
    () => !state.givenUp,
    (queuedBefore) => (state.givenUp ||= queuedAt <= queuedBefore),
  )
  queuedAt = watch.queued()
  return { state, since: () => performance.now() - queuedAt }
}

test('gives up what was queued when nothing has come back for so long', async () => {
  const { state, since } = watched(100)
  while (!state.givenUp) await delay(5)
  expect(since()).toBeGreaterThanOrEqual(100)
})

test('a process that was busy itself has time to send and to read before it gives anything up', async () => {
  const { state, since } = watched(400)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(state.givenUp).toBe(false)
  while (!state.givenUp) await delay(5)
  expect(since()).toBeGreaterThanOrEqual(1_100)
})
