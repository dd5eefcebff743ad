import { describe, expect, it } from 'vitest'
import { Throttle } from './throttle.ts'

function throttled(duty = 0.6) {
  let now = 0
  const throttle = new Throttle(duty, () => now)
  return { throttle, wait: (ms: number) => void (now += ms) }
}

describe('the throttle', () => {
  it('does not wait while nobody writes', () => {
    const { throttle, wait } = throttled()
    throttle.saw(1_000)
    wait(50)
    throttle.saw(1_000)
    expect(throttle.pauseAfter(60)).toBe(0)
  })

  it('waits in proportion to the work while the log grows', () => {
    const { throttle } = throttled(0.6)
    throttle.saw(1_000)
    throttle.saw(1_001)
    expect(throttle.active).toBe(true)
    expect(throttle.pauseAfter(60)).toBeCloseTo(40)
  })

  it('stops waiting when the writers are gone', () => {
    const { throttle, wait } = throttled()
    throttle.saw(1_000)
    throttle.saw(1_001)
    wait(5_000)
    throttle.saw(1_001)
    expect(throttle.pauseAfter(60)).toBe(0)
  })

  it('takes a horizon that steps back for no growth when it comes again', () => {
    const { throttle, wait } = throttled()
    throttle.saw(1_000)
    wait(10)
    throttle.saw(990)
    throttle.saw(1_000)
    expect(throttle.active).toBe(false)
  })

  it('never waits when it is off', () => {
    const { throttle } = throttled(1)
    throttle.saw(1)
    throttle.saw(2)
    expect(throttle.pauseAfter(60)).toBe(0)
  })
})
