import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { storedForm } from './stored-form.ts'

const json = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, '', 'é', 0, -0, 1.5, -7),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.string({ maxLength: 3 })),
      fc.option(tie('any'), { nil: undefined }),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ),
})).any

test('is what JSON gives back, key by key', () => {
  fc.assert(
    fc.property(json, (value) => {
      const stored = storedForm(value)
      // Keys like `constructor` mislead toStrictEqual.
      expect(isDeepStrictEqual(stored, JSON.parse(JSON.stringify(value)))).toBe(true)
      expect(storedForm(stored)).toBe(stored)
    }),
  )
})
