import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { expectNothingStored, payloadsOf, versionsOf } from './observe.ts'

function snapshotAt(version: number, schemaVersion = 1): { version: number; schemaVersion: number; state: unknown } {
  return { version, schemaVersion, state: { at: version, by: schemaVersion } }
}

export const loading = contractGroup<EventStoreContext>('load and snapshots', {
  'gives version 0 and no events for a stream that does not exist': async ({ store, tenantId }) => {
    expect(await store.load(streamIn(tenantId))).toEqual({ version: 0, closed: false, snapshot: undefined, events: [] })
    expect(await store.load(streamIn(tenantId), { afterVersion: 3 })).toMatchObject({ version: 0, events: [] })
  },

  'gives all events in order where there is no snapshot': async (context) => {
    const { stream } = await givenStream(context, 5)
    const loaded = await context.store.load(stream)
    expect(loaded).toMatchObject({ version: 5, closed: false, snapshot: undefined })
    expect(loaded.events).toEqual(upTo(5).map((n) => ({ type: 'order.noted', version: n, schemaVersion: 1, payload: { n } })))
  },

  'sees an append as soon as it was answered': async ({ store, rival, tenantId }) => {
    const stream = streamIn(tenantId)
    for (const n of upTo(10)) {
      await store.append({ stream, expected: n - 1, events: eventsOf(1, n) })
      expect(await rival.load(stream)).toMatchObject({ version: n })
    }
  },

  'loads a stream of 2,500 events whole': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    for (let n = 0; n < 2_500; n += 500) await store.append({ stream, expected: n, events: eventsOf(500, n + 1) })
    const loaded = await store.load(stream)
    expect(loaded.version).toBe(2_500)
    expect(payloadsOf(loaded.events)).toEqual(upTo(2_500).map((n) => ({ n })))
  },

  'gives the snapshot that was stored with the append, and only the tail behind it': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(3), snapshot: snapshotAt(3) })
    expect(await store.load(stream)).toEqual({ version: 3, closed: false, snapshot: snapshotAt(3), events: [] })
    await store.append({ stream, expected: 3, events: eventsOf(2, 4) })
    const loaded = await store.load(stream)
    expect(loaded).toMatchObject({ version: 5, snapshot: snapshotAt(3) })
    expect(versionsOf(loaded.events)).toEqual([4, 5])
  },

  'takes a snapshot that is older than the end of its append': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(5), snapshot: snapshotAt(2) })
    const loaded = await store.load(stream)
    expect(loaded.snapshot).toEqual(snapshotAt(2))
    expect(payloadsOf(loaded.events)).toEqual([{ n: 3 }, { n: 4 }, { n: 5 }])
  },

  'lets a newer snapshot replace an older one': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(2), snapshot: snapshotAt(2) })
    await store.append({ stream, expected: 2, events: eventsOf(2), snapshot: snapshotAt(4, 2) })
    expect(await store.load(stream)).toMatchObject({ snapshot: snapshotAt(4, 2), events: [] })
  },

  'never lets an older snapshot replace a newer one': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(4), snapshot: snapshotAt(4) })
    await store.append({ stream, expected: 4, events: eventsOf(1, 5), snapshot: snapshotAt(2, 2) })
    const loaded = await store.load(stream)
    expect(loaded).toMatchObject({ version: 5, snapshot: snapshotAt(4) })
    expect(versionsOf(loaded.events)).toEqual([5])
  },

  'stores a snapshot beside a command without events': async (context) => {
    const { store } = context
    const { stream } = await givenStream(context, 3)
    await store.append({ stream, expected: 3, events: [], command: receiptOf(), snapshot: snapshotAt(3) })
    expect(await store.load(stream)).toMatchObject({ version: 3, snapshot: snapshotAt(3), events: [] })
  },

  'stores no snapshot with a duplicate': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const command = receiptOf()
    await store.append({ stream, expected: 0, events: eventsOf(2), command })
    await store.append({ stream, expected: 0, events: eventsOf(2), command, snapshot: snapshotAt(2) })
    expect(await store.load(stream)).toMatchObject({ version: 2, snapshot: undefined })
  },

  'refuses a snapshot that is ahead of its stream': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    await refusal('CAIRN_INVALID_INPUT', store.append({ stream, expected: 0, events: eventsOf(2), snapshot: snapshotAt(3) }))
    await expectNothingStored(context)
    expect(await store.load(stream)).toMatchObject({ version: 0, snapshot: undefined })
  },

  'leaves the snapshot aside when told so, and reads the whole stream': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(4), snapshot: snapshotAt(3) })
    const loaded = await store.load(stream, { useSnapshot: false })
    expect(loaded.snapshot).toBeUndefined()
    expect(versionsOf(loaded.events)).toEqual(upTo(4))
  },

  'reads from behind a version, snapshot or not': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(5), snapshot: snapshotAt(4) })
    for (const afterVersion of [0, 1, 4, 5, 9]) {
      const loaded = await store.load(stream, { afterVersion })
      expect(loaded).toMatchObject({ version: 5, snapshot: undefined })
      expect(versionsOf(loaded.events)).toEqual(upTo(5).filter((version) => version > afterVersion))
    }
  },

  'keeps the snapshots of two streams apart': async ({ store, tenantId, otherTenantId }) => {
    const mine = streamIn(tenantId, 'same-id')
    const sibling = streamIn(tenantId, 'same-id', 'invoice')
    const theirs = streamIn(otherTenantId, 'same-id')
    await store.append({ stream: mine, expected: 0, events: eventsOf(2), snapshot: snapshotAt(2) })
    await store.append({ stream: sibling, expected: 0, events: eventsOf(1), snapshot: snapshotAt(1) })
    await store.append({ stream: theirs, expected: 0, events: eventsOf(1) })
    expect((await store.load(mine)).snapshot).toEqual(snapshotAt(2))
    expect((await store.load(sibling)).snapshot).toEqual(snapshotAt(1))
    expect((await store.load(theirs)).snapshot).toBeUndefined()
  },

  'makes snapshot + tail the same as the whole stream, wherever the snapshot stands': async ({ store, tenantId }) => {
    for (const at of upTo(6)) {
      const stream = streamIn(tenantId)
      await store.append({ stream, expected: 0, events: eventsOf(at), snapshot: snapshotAt(at) })
      if (at < 6) await store.append({ stream, expected: at, events: eventsOf(6 - at, at + 1) })
      const [withSnapshot, whole] = [await store.load(stream), await store.load(stream, { useSnapshot: false })]
      expect(withSnapshot.events).toEqual(whole.events.slice(at))
      expect(payloadsOf(whole.events)).toEqual(upTo(6).map((n) => ({ n })))
    }
  },

  'refuses a negative or broken version to read from': async ({ store, tenantId }) => {
    for (const afterVersion of [-1, 1.5, Number.NaN]) {
      await refusal('CAIRN_INVALID_INPUT', () => store.load(streamIn(tenantId), { afterVersion }))
    }
  },

  'keeps payloads of any JSON kind': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const payloads = [null, true, 0, 'text', '', [], [null], {}, { nested: { nothing: null } }]
    await store.append({ stream, expected: 0, events: payloads.map((payload) => eventOf('order.noted', payload)) })
    expect(payloadsOf((await store.load(stream)).events)).toEqual(payloads)
  },
})
