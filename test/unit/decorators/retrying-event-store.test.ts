import {
  DatabaseUnavailableError,
  PoolExhaustedError,
  RetryingEventStore,
  VersionConflictError,
  type RetryingEventStoreOptions,
} from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, test } from 'vitest'
import { FailingEventStore } from '../contracts/failing-event-store.ts'
import { collect, eventsOf, receiptOf, streamOf } from './given.ts'

const stream = streamOf('t-1', 'o-1')

/** A store whose first `failures` calls fail, and what was done to it. */
function flaky(
  failures: number,
  options: RetryingEventStoreOptions = {},
  makeError: () => Error = () => new DatabaseUnavailableError('a call', undefined),
): { readonly store: RetryingEventStore; readonly inner: InMemoryEventStore; readonly waits: number[]; readonly calls: string[] } {
  const waits: number[] = []
  const calls: string[] = []
  const inner = new InMemoryEventStore()
  const failing = new FailingEventStore(inner, ({ name }) => {
    calls.push(name)
    if (calls.length <= failures) throw makeError()
  })
  const store = new RetryingEventStore(failing, { sleep: async (ms) => void waits.push(ms), random: () => 1, ...options })
  return { store, inner, waits, calls }
}

describe('RetryingEventStore', () => {
  test('calls again until the database is back, and waits twice as long each time', async () => {
    const { store, waits } = flaky(4)
    expect(await store.load(stream)).toMatchObject({ version: 0 })
    expect(waits).toEqual([50, 100, 200, 400])
  })

  test('waits no longer than allowed, and only the part that chance gives', async () => {
    const { store, waits } = flaky(4, { baseDelayMs: 100, maxDelayMs: 300, random: () => 0.5 })
    await store.load(stream)
    expect(waits).toEqual([50, 100, 150, 150])
  })

  test('gives up after the last attempt, with the error as it came', async () => {
    const { store, calls } = flaky(99, { attempts: 3 })
    await expect(store.load(stream)).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    expect(calls).toHaveLength(3)
  })

  test('retries an exhausted pool', async () => {
    const { store, calls } = flaky(1, {}, () => new PoolExhaustedError(10))
    await store.load(stream)
    expect(calls).toHaveLength(2)
  })

  test.each([
    ['a conflict, which only who decided can solve', new VersionConflictError(stream, 0, 1)],
    ['any other error', new TypeError('a bug')],
  ])('does not retry %s', async (_, error) => {
    const { store, calls } = flaky(1, {}, () => error)
    await expect(store.load(stream)).rejects.toBe(error)
    expect(calls).toHaveLength(1)
  })

  test('retries an append that carries a command id', async () => {
    const { store, inner } = flaky(2)
    expect(await store.append({ stream, expected: 0, events: eventsOf(2), command: receiptOf() })).toMatchObject({
      version: 2,
      duplicate: false,
    })
    expect(await inner.load(stream)).toMatchObject({ version: 2 })
  })

  test('does not retry an append without a command id', async () => {
    const { store, calls } = flaky(1)
    await expect(store.append({ stream, expected: 0, events: eventsOf(1) })).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    expect(calls).toEqual(['append'])
  })

  test('retries a group only where every part carries a command id', async () => {
    const whole = flaky(1)
    await whole.store.appendGroup({
      stream,
      expected: 0,
      parts: [
        { events: eventsOf(1), command: receiptOf() },
        { events: [], command: receiptOf() },
      ],
    })
    expect(whole.calls).toHaveLength(2)
    const part = flaky(1)
    const group = part.store.appendGroup({
      stream,
      expected: 0,
      parts: [{ events: eventsOf(1), command: receiptOf() }, { events: eventsOf(1) }],
    })
    await expect(group).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    expect(part.calls).toHaveLength(1)
  })

  test('answers with the first result when the answer of an append was lost', async () => {
    const inner = new InMemoryEventStore()
    let lost = false
    const losing = Object.assign(new FailingEventStore(inner, () => {}), {
      append: async (request: Parameters<InMemoryEventStore['append']>[0]) => {
        const result = await inner.append(request)
        if (lost) return result
        lost = true
        throw new DatabaseUnavailableError('an append', undefined)
      },
    })
    const store = new RetryingEventStore(losing, { sleep: async () => {} })
    const events = eventsOf(2)
    const result = await store.append({ stream, expected: 0, events, command: receiptOf() })
    expect(result).toMatchObject({ version: 2, duplicate: true, events: events.map(({ id }) => ({ id })) })
    expect(await inner.load(stream)).toMatchObject({ version: 2 })
  })

  test('never repeats a transaction', async () => {
    const { store, inner } = flaky(0)
    let runs = 0
    const work = store.transaction('t-1', async () => {
      runs++
      throw new DatabaseUnavailableError('a transaction', undefined)
    })
    await expect(work).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    expect(runs).toBe(1)
    expect((await inner.readAll()).events).toEqual([])
  })

  test('goes on reading a stream behind the last event it gave, each event once', async () => {
    const inner = new InMemoryEventStore()
    await inner.append({ stream, expected: 0, events: eventsOf(20) })
    let calls = 0
    const failing = new FailingEventStore(inner, () => {
      if (++calls % 3 === 0) throw new DatabaseUnavailableError('a read', undefined)
    })
    const store = new RetryingEventStore(failing, { sleep: async () => {}, attempts: 2 })
    const versions = async (options = {}): Promise<readonly number[]> =>
      (await collect(store.readStream(stream, options))).map((event) => event.version)
    expect(await versions()).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    expect(await versions({ fromVersion: 5, toVersion: 12 })).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    expect(await versions({ fromVersion: 3, limit: 7 })).toEqual([3, 4, 5, 6, 7, 8, 9])
  })

  test('names the option that is not legal', () => {
    const inner = new InMemoryEventStore()
    expect(() => new RetryingEventStore(inner, { attempts: 0 })).toThrow(/attempts must be a whole number/)
    expect(() => new RetryingEventStore(inner, { baseDelayMs: -1 })).toThrow(/baseDelayMs must be a whole number/)
  })
})
