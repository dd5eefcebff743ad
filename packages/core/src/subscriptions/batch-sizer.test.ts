import { describe, expect, it } from 'vitest'
import { BatchSizer } from './batch-sizer.ts'

describe('BatchSizer', () => {
  it('begins small, and grows to the most where events are quick', () => {
    const sizer = new BatchSizer(250, 1_000)
    expect(sizer.size).toBe(8)
    for (let i = 0; i < 5; i++) sizer.note(sizer.size, 0.1)
    expect(sizer.size).toBe(1_000)
  })

  it('comes down at once to one event where one takes longer than a batch should', () => {
    const sizer = new BatchSizer(250, 1_000)
    sizer.note(8, 0.1)
    sizer.note(1_000, 400_000)
    expect(sizer.size).toBe(1)
  })

  it('never exceeds the most, and never stands still', () => {
    const sizer = new BatchSizer(250, 3)
    expect(sizer.size).toBe(3)
    sizer.note(3, 0)
    expect(sizer.size).toBe(3)
    sizer.note(0, 100)
    expect(sizer.size).toBe(3)
  })
})
