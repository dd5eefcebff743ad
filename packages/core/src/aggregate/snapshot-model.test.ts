import { expect, test } from 'vitest'
import { z } from 'zod'
import { versions } from '../definition/versions.ts'
import { DefinitionError } from '../errors/domain.ts'
import { SchemaValidationError } from '../errors/input.ts'
import { snapshotModel } from './snapshot-model.ts'
import { snapshotEvery, snapshotNever, snapshotWhen } from './snapshot-policies.ts'
import type { SnapshotModel } from './aggregate-model.ts'

const V1 = z.object({ sum: z.int() })
const V2 = z.object({ total: z.int(), note: z.string().optional() })

function modelOf(policy: Parameters<typeof snapshotModel>[1]): SnapshotModel {
  const model = snapshotModel('order', policy)
  if (model === undefined) throw new Error('no snapshots')
  return model
}
const model = modelOf(
  snapshotEvery(
    10,
    versions(V1)
      .next(V2)
      .from((v1) => ({ total: v1.sum })),
  ),
)

test('a snapshot of an older schema is lifted', () => {
  expect(model.schemaVersion).toBe(2)
  expect(model.decode(1, { sum: 3 })).toEqual({ state: { total: 3 } })
})

test('a snapshot that does not fit, or is of an unknown version, decodes to nothing: the caller replays', () => {
  for (const spoiled of [{ total: 'x' }, null, 'text', {}, [], 5, { sum: 3 }]) expect(model.decode(2, spoiled)).toBeUndefined()
  for (const version of [0, 3, -1, 1.5]) expect(model.decode(version, { total: 1 })).toBeUndefined()
  expect(model.decode(1, { sum: 'x' })).toBeUndefined()
})

test('an upcaster that throws decodes to nothing', () => {
  const failing = modelOf(
    snapshotEvery(
      10,
      versions(V1)
        .next(V2)
        .from(() => {
          throw new Error('no')
        }),
    ),
  )
  expect(failing.decode(1, { sum: 1 })).toBeUndefined()
})

test('a schema that would lose a part of the state is refused when it encodes, with the path', () => {
  expect(model.encode({ total: 1 })).toEqual({ total: 1 })
  expect(model.encode({ total: 1, note: undefined })).toEqual({ total: 1, note: undefined })
  expect(() => model.encode({ total: 1, extra: [1] })).toThrow(DefinitionError)
  expect(() => model.encode({ total: 1, extra: [1] })).toThrow(/does not keep the state: "extra" comes back different/)
  expect(() => model.encode({ total: 'x' })).toThrow(SchemaValidationError)
})

test('a schema that is not JSON-stable is refused at definition', () => {
  expect(() => modelOf(snapshotEvery(10, z.object({ at: z.date() }) as never))).toThrow(
    /the snapshot of order is not JSON-stable: "at" is z\.date\(\)/,
  )
})

test('codecs keep dates, maps and sets', () => {
  const kept = modelOf(
    snapshotEvery(
      1,
      z.object({
        tags: z.codec(z.array(z.string()), z.set(z.string()), { decode: (list) => new Set(list), encode: (set) => [...set] }),
        counts: z.codec(z.array(z.tuple([z.string(), z.int()])), z.map(z.string(), z.int()), {
          decode: (pairs) => new Map(pairs),
          encode: (map) => [...map],
        }),
      }),
    ),
  )
  const state = { tags: new Set(['a', 'b']), counts: new Map([['a', 1]]) }
  const stored: unknown = JSON.parse(JSON.stringify(kept.encode(state)))
  expect(stored).toEqual({ tags: ['a', 'b'], counts: [['a', 1]] })
  expect(kept.decode(1, stored)).toEqual({ state })
})

test('snapshotWhen asks its function, snapshotNever keeps none', () => {
  const asked: unknown[] = []
  const custom = modelOf(
    snapshotWhen((change) => {
      asked.push(change)
      return change.toVersion > 5
    }, V2),
  )
  expect([custom.due(1, 2), custom.due(5, 6)]).toEqual([false, true])
  expect(asked).toEqual([
    { fromVersion: 1, toVersion: 2 },
    { fromVersion: 5, toVersion: 6 },
  ])
  expect(snapshotModel('order', snapshotNever)).toBeUndefined()
  expect(snapshotModel('order', undefined)).toBeUndefined()
})

test('a senseless interval is refused', () => {
  for (const bad of [0, -1, 1.5, Number.NaN]) expect(() => snapshotEvery(bad, V1)).toThrow(DefinitionError)
})
