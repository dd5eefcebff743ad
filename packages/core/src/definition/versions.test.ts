import { expect, test } from 'vitest'
import { z } from 'zod'
import { DefinitionError } from '../errors/domain.ts'
import { versions } from './versions.ts'

const one = z.object({ a: z.string() })

test('a chain keeps its schemas in order, and each step makes a chain of its own', () => {
  const first = versions(one)
  const left = first.next(z.object({ b: z.string() })).from((old) => ({ b: old.a }))
  const right = first.next(z.object({ c: z.string() })).from((old) => ({ c: old.a }))
  expect(first.steps).toHaveLength(1)
  expect(left.steps.map((step) => step.schema)).toEqual([one, left.latest])
  expect(right.steps.map((step) => step.schema)).toEqual([one, right.latest])
})

test('a version that is named and leaves a gap, or repeats one, is refused', () => {
  const chain = versions(one)
    .next(one, { version: 2 })
    .from((old) => old)
  expect(() => chain.next(one, { version: 4 })).toThrow(DefinitionError)
  expect(() => chain.next(one, { version: 4 })).toThrow(/from version 2 to 4: the versions between have no schema/)
  expect(() => chain.next(one, { version: 2 })).toThrow(/version 2 twice: the next one is 3/)
  expect(() => chain.next(one, { version: 3 })).not.toThrow()
})
