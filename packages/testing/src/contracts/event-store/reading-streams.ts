import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventsOf, givenStream, streamIn } from './given.ts'
import { givenThreeTimes } from './given-three-times.ts'
import { collect, payloadsOf, versionsOf } from './observe.ts'

export const readingStreams = contractGroup<EventStoreContext>('readStream', {
  'gives nothing for a stream that does not exist': async ({ store, tenantId }) => {
    expect(await collect(store.readStream(streamIn(tenantId)))).toEqual([])
  },

  'gives whole events, ascending by version': async (context) => {
    const { stream, result } = await givenStream(context, 4)
    const events = await collect(context.store.readStream(stream))
    expect(events).toEqual(result.events)
    expect(events[0]?.recordedAt).toBeInstanceOf(Date)
  },

  'reads a range of versions, both ends included': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 6)
    const read = async (fromVersion?: number, toVersion?: number): Promise<readonly number[]> => {
      const range = { ...(fromVersion === undefined ? {} : { fromVersion }), ...(toVersion === undefined ? {} : { toVersion }) }
      return versionsOf(await collect(store.readStream(stream, range)))
    }
    expect(await read(3)).toEqual([3, 4, 5, 6])
    expect(await read(undefined, 2)).toEqual([1, 2])
    expect(await read(2, 4)).toEqual([2, 3, 4])
    expect(await read(6, 6)).toEqual([6])
    expect(await read(5, 99)).toEqual([5, 6])
    expect(await read(7)).toEqual([])
    expect(await read(0, 2)).toEqual([1, 2])
    expect(await read(4, 3)).toEqual([])
  },

  'reads at most so many': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 6)
    expect(versionsOf(await collect(store.readStream(stream, { limit: 2 })))).toEqual([1, 2])
    expect(versionsOf(await collect(store.readStream(stream, { fromVersion: 4, limit: 2 })))).toEqual([4, 5])
    expect(versionsOf(await collect(store.readStream(stream, { fromVersion: 4, toVersion: 4, limit: 2 })))).toEqual([4])
    expect(versionsOf(await collect(store.readStream(stream, { limit: 99 })))).toEqual(upTo(6))
  },

  'reads up to a time, what was recorded at it included': async (context) => {
    const { store } = context
    const { stream, times } = await givenThreeTimes(context)
    const read = async (until: Date): Promise<readonly number[]> => versionsOf(await collect(store.readStream(stream, { until })))
    expect(await read(times[0])).toEqual([1])
    expect(await read(times[1])).toEqual([1, 2])
    expect(await read(times[2])).toEqual([1, 2, 3])
    expect(await read(new Date(times[0].getTime() - 1))).toEqual([])
    expect(await read(new Date(times[2].getTime() + 60_000))).toEqual([1, 2, 3])
    expect(versionsOf(await collect(store.readStream(stream, { fromVersion: 2, until: times[1] })))).toEqual([2])
  },

  'reads a stream of 2,500 events in order, whole and in parts': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    for (let n = 0; n < 2_500; n += 500) await store.append({ stream, expected: n, events: eventsOf(500, n + 1) })
    expect(payloadsOf(await collect(store.readStream(stream)))).toEqual(upTo(2_500).map((n) => ({ n })))
    expect(versionsOf(await collect(store.readStream(stream, { fromVersion: 990, toVersion: 2_010 })))).toEqual(
      upTo(2_010).filter((version) => version >= 990),
    )
    expect(await collect(store.readStream(stream, { fromVersion: 2, limit: 1_500 }))).toHaveLength(1_500)
  },

  'lets a reader stop early': async (context) => {
    const { stream } = await givenStream(context, 10)
    for await (const event of context.store.readStream(stream)) {
      if (event.version === 3) break
      expect(event.version).toBeLessThan(3)
    }
    expect(await collect(context.store.readStream(stream))).toHaveLength(10)
  },

  'can be read twice at once': async (context) => {
    const { stream, result } = await givenStream(context, 20)
    const both = await Promise.all([collect(context.store.readStream(stream)), collect(context.store.readStream(stream))])
    expect(both).toEqual([result.events, result.events])
  },

  'refuses a time that is none': async (context) => {
    const { stream } = await givenStream(context, 1)
    for (const of of [stream, streamIn(context.tenantId)]) {
      const read = collect(context.store.readStream(of, { until: new Date(Number.NaN) }))
      expect((await refusal('CAIRN_INVALID_INPUT', read)).details).toMatchObject({ field: 'until' })
    }
  },

  'refuses versions and limits that are negative or broken': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 1)
    for (const wrong of [-1, 0.5, Number.NaN]) {
      await refusal('CAIRN_INVALID_INPUT', async () => collect(store.readStream(stream, { fromVersion: wrong })))
      await refusal('CAIRN_INVALID_INPUT', async () => collect(store.readStream(stream, { toVersion: wrong })))
      await refusal('CAIRN_INVALID_INPUT', async () => collect(store.readStream(stream, { limit: wrong })))
    }
  },
})
