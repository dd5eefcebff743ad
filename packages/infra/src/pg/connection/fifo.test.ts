import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
  fc.record({ kind: fc.constant('unshift' as const), items: fc.array(fc.nat(9)) }),
  fc.record({ kind: fc.constant('remove' as const), below: fc.nat(9) }),
)

test('gives what an array would, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Fifo<number>()
      let array: number[] = []
      for (const one of steps) {
        if (one.kind === 'push') {
          queue.push(one.item)
          array.push(one.item)
        } else if (one.kind === 'shift') expect(queue.shift()).toBe(array.shift())
        else if (one.kind === 'unshift') {
          queue.unshift(one.items)
          array.unshift(...one.items)
        } else {
          expect(queue.remove((item) => item < one.below)).toEqual(array.filter((item) => item < one.below))
          array = array.filter((item) => item >= one.below)
        }
        expect(queue.length).toBe(array.length)
        expect(queue.peek()).toBe(array[0])
      }
    }),
  )
})
