import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Wake } from './wake.ts'

describe('Wake', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('ends a wait when it is rung, and its timer with it', async () => {
    const wake = new Wake()
    const waiting = wake.wait(1_000)
    wake.ring()
    await waiting
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends the next wait at once when it was rung before, however often, and only that one', async () => {
    const wake = new Wake()
    wake.ring()
    wake.ring()
    await wake.wait()
    let ended = false
    void wake.wait(1_000).then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(999)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toBe(true)
  })

  it('waits as long as a timer can, where it is told to wait longer', async () => {
    const wake = new Wake()
    let ended = false
    void wake.wait(10 ** 12).then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ended).toBe(false)
  })
})
