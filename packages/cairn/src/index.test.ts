import * as core from '@cairn/core'
import { describe, expect, it } from 'vitest'
import * as cairn from './index.ts'

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof core.CairnError
}

describe('what an app imports', () => {
  it('includes every error that it may have to catch', () => {
    const errors = Object.entries(core).flatMap(([name, value]) => (isErrorClass(value) ? [name] : []))
    expect(errors.length).toBeGreaterThan(20)
    expect(errors.filter((name) => !(name in cairn))).toEqual([])
  })
})
