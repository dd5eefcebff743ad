import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharePartitions, type ShareMember, type SharePartition } from './partition-share.ts'

const members = (runs: Readonly<Record<string, readonly string[]>>): readonly ShareMember[] =>
  Object.entries(runs).map(([id, list]) => ({ id, runs: new Set(list) }))

const partitions = (owners: Readonly<Record<string, readonly (string | undefined)[]>>): readonly SharePartition[] =>
  Object.entries(owners).flatMap(([subscription, list]) => list.map((owner, i) => ({ id: `${subscription}/${i}`, subscription, owner })))

describe('sharePartitions', () => {
  it('gives a lone member everything', () => {
    const share = sharePartitions('a', members({ a: ['x'] }), partitions({ x: [undefined, undefined] }))
    expect(share).toEqual({ take: ['x/0', 'x/1'], release: [] })
  })

  it('takes what is free up to an even share, and gives the surplus back to one who joins', () => {
    const both = members({ a: ['x'], b: ['x'] })
    const held = partitions({ x: ['a', 'a', 'a', 'a'] })
    expect(sharePartitions('a', both, held)).toEqual({ take: [], release: ['x/2', 'x/3'] })
    expect(sharePartitions('b', both, held)).toEqual({ take: [], release: [] })
    expect(sharePartitions('b', both, partitions({ x: ['a', 'a', undefined, undefined] })).take).toEqual(['x/2', 'x/3'])
  })

  it('shares many subscriptions of one partition each', () => {
    const both = members({ a: ['x', 'y', 'z', 'w'], b: ['x', 'y', 'z', 'w'] })
    expect(sharePartitions('a', both, partitions({ x: ['a'], y: ['a'], z: ['a'], w: ['a'] })).release).toHaveLength(2)
  })

  it('moves nothing for the sake of one that does not divide', () => {
    const both = members({ a: ['x'], b: ['x'] })
    for (const owners of [
      ['a', 'a', 'b'],
      ['a', 'b', 'b'],
    ]) {
      expect(sharePartitions('a', both, partitions({ x: owners }))).toEqual({ take: [], release: [] })
      expect(sharePartitions('b', both, partitions({ x: owners }))).toEqual({ take: [], release: [] })
    }
  })

  it('counts only members that can run a subscription', () => {
    // b is new code, or the only one that knows an event.
    const share = sharePartitions('a', members({ a: ['x'], b: ['x', 'y'] }), partitions({ x: ['a', 'a'], y: ['b', 'b'] }))
    expect(share).toEqual({ take: [], release: ['x/1'] })
    expect(sharePartitions('a', members({ a: [], b: ['x'] }), partitions({ x: [undefined] }))).toEqual({ take: [], release: [] })
  })

  it('takes from different subscriptions first', () => {
    const both = members({ a: ['x', 'y'], b: ['x', 'y'] })
    const { take } = sharePartitions('a', both, partitions({ x: [undefined, undefined], y: [undefined, undefined] }))
    expect(take).toEqual(['x/0', 'y/0'])
  })

  it('comes to rest: everything owned, nobody has two more than another of the same ability, and nothing moves then', () => {
    const world = fc.record({
      subscriptions: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
      abilities: fc.array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 5 }),
      owners: fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 48, maxLength: 48 }),
      order: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
    })
    fc.assert(
      fc.property(world, ({ subscriptions, abilities, owners, order }) => {
        const all = abilities.map((able, i) => ({
          id: `m${i}`,
          runs: new Set(subscriptions.flatMap((_, s) => (able[s] === true ? [`s${s}`] : []))),
        }))
        const cells = subscriptions.flatMap((count, s) =>
          Array.from({ length: count }, (_, i) => {
            const wanted = all[owners[s * 8 + i] ?? -1]
            return { id: `s${s}/${i}`, subscription: `s${s}`, owner: wanted?.runs.has(`s${s}`) === true ? wanted.id : undefined }
          }),
        )
        const turn = (me: string): number => {
          const { take, release } = sharePartitions(me, all, cells)
          for (const cell of cells) {
            if (release.includes(cell.id)) {
              if (cell.owner !== me) throw new Error(`${me} released what ${cell.owner} holds`)
              cell.owner = undefined
            }
            if (take.includes(cell.id)) {
              if (cell.owner !== undefined) throw new Error(`${me} took what ${cell.owner} holds`)
              cell.owner = me
            }
          }
          return take.length + release.length
        }
        // In any order at first, then in turns: what one gives back, another takes in the next round, and that may move who keeps one more.
        for (const i of order) turn(all[i % all.length]?.id ?? '')
        for (let round = 0; round < 4; round++) for (const { id } of all) turn(id)
        expect(all.map(({ id }) => turn(id))).toEqual(all.map(() => 0))
        const groups = new Map<string, string[]>()
        for (const { subscription, owner } of cells) {
          const able = all.filter(({ runs }) => runs.has(subscription)).map(({ id }) => id)
          if (able.length === 0) continue
          expect(able).toContain(owner)
          groups.set(able.join(), [...(groups.get(able.join()) ?? []), owner ?? ''])
        }
        for (const [able, held] of groups) {
          const counts = able.split(',').map((id) => held.filter((owner) => owner === id).length)
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 300 },
    )
  })
})
