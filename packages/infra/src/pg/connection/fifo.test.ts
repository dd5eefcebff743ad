import { array, assert, constantFrom, nat, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

interface Queue {
  readonly length: number
  push(item: number): void
  peek(): number | undefined
  shift(): number | undefined
  unshift(items: readonly number[]): void
  remove(passes: (item: number) => boolean): number[]
}

/** What a queue must do, done by an array. */
class ArrayQueue implements Queue {
  #items: number[] = []

  get length(): number {
    return this.#items.length
  }

  push(item: number): void {
    this.#items.push(item)
  }

  peek(): number | undefined {
    return this.#items[0]
  }

  shift(): number | undefined {
    return this.#items.shift()
  }

  unshift(items: readonly number[]): void {
    this.#items.unshift(...items)
  }

  remove(passes: (item: number) => boolean): number[] {
    const removed = this.#items.filter(passes)
    this.#items = this.#items.filter((item) => !passes(item))
    return removed
  }
}

const calls = {
  push: (queue: Queue, [item = 0]: readonly number[]) => queue.push(item),
  shift: (queue: Queue) => queue.shift(),
  unshift: (queue: Queue, items: readonly number[]) => queue.unshift(items),
  remove: (queue: Queue, [below = 0]: readonly number[]) => queue.remove((item) => item < below),
}

const call = tuple(constantFrom('push', 'push', 'push', 'shift', 'shift', 'unshift', 'remove'), array(nat(9), { maxLength: 4 }))

test('gives what an array would, whatever is done to it', () => {
  assert(
    property(array(call, { maxLength: 200 }), (made) => {
      const answers = (queue: Queue): unknown[] => made.map(([name, items]) => [calls[name](queue, items), queue.length, queue.peek()])
      expect(answers(new Fifo())).toEqual(answers(new ArrayQueue()))
    }),
  )
})
