import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PersistentMap } from './persistent-map.ts'

function mapOf(entries: Readonly<Record<string, number>>): PersistentMap<number> {
  const edit = new PersistentMap<number>().edit()
  for (const [key, value] of Object.entries(entries)) edit.set(key, value)
  return edit.done()
}

describe('PersistentMap', () => {
  it('leaves the map it came from as it was', () => {
    const before = mapOf({ a: 1, b: 2 })
    const edit = before.edit()
    edit.set('a', 10)
    edit.delete('b')
    edit.set('c', 3)
    const after = edit.done()
    expect(['a', 'b', 'c'].map((key) => before.get(key))).toEqual([1, 2, undefined])
    expect(['a', 'b', 'c'].map((key) => after.get(key))).toEqual([10, undefined, 3])
    expect([...before.keysThatDiffer(after)].toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('behaves like plain maps through any tree of edits, maps given up for their last one included', () => {
    const step = fc.record({ from: fc.nat(20), key: fc.nat(30), value: fc.option(fc.nat(5)), last: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        // Each version beside the plain map that it must equal; undefined where it was given up.
        const versions: ({ map: PersistentMap<number>; plain: Map<string, number> } | undefined)[] = [
          { map: new PersistentMap<number>(), plain: new Map() },
        ]
        for (const { from, key, value, last } of steps) {
          const at = from % versions.length
          const source = versions[at]
          if (source === undefined) continue
          if (last) versions[at] = undefined
          const edit = source.map.edit(last)
          const plain = new Map(source.plain)
          if (value === null) {
            edit.delete(`k${key}`)
            plain.delete(`k${key}`)
          } else {
            edit.set(`k${key}`, value)
            plain.set(`k${key}`, value)
          }
          versions.push({ map: edit.done(), plain })
        }
        for (const version of versions) {
          for (let key = 0; key <= 30; key++) expect(version?.map.get(`k${key}`)).toBe(version?.plain.get(`k${key}`))
        }
      }),
    )
  })
})
