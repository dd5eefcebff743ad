import { uuidv7, type EventStoreTransaction, type StreamKey } from '@cairn/core'
import { expect } from 'vitest'
import { commandIn } from '../command-store/given.ts'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, expectNothingStored, logOf, payloadsOf, versionsOf } from './observe.ts'

class WorkFailed extends Error {}

/** A stream whose key comes before or behind those of other streams: a refusal must also undo what was carried out before it. */
function streamAt(place: 'first' | 'middle' | 'last', tenantId: string): StreamKey {
  return streamIn(tenantId, `${{ first: 'a', middle: 'm', last: 'z' }[place]}-${uuidv7()}`)
}

function snapshotAt(version: number): { version: number; schemaVersion: number; state: unknown } {
  return { version, schemaVersion: 1, state: { n: version } }
}

export const transactions = contractGroup<EventStoreContext>('transaction', {
  'answers with what the work returned': async ({ store, tenantId }) => {
    expect(await store.transaction(tenantId, async () => 'done')).toBe('done')
    expect(await store.transaction(tenantId, async (tx) => tx.tenantId)).toBe(tenantId)
  },

  'stores appends to several streams together': async ({ store, tenantId }) => {
    const streams = upTo(5).map(() => streamIn(tenantId))
    await store.transaction(tenantId, async (tx) => {
      for (const [i, stream] of streams.entries()) tx.append({ stream, expected: 0, events: eventsOf(i + 1) })
    })
    for (const [i, stream] of streams.entries()) expect(versionsOf(await eventsIn(store, stream))).toEqual(upTo(i + 1))
    expect(await logOf(store, tenantId)).toHaveLength(15)
  },

  'stores nothing when the work throws, and throws the same': async (context) => {
    const { store, tenantId } = context
    const { stream, result } = await givenStream(context, 1)
    const command = receiptOf()
    const thrown = new WorkFailed('in the middle')
    const work = store.transaction(tenantId, async (tx) => {
      tx.append({ stream, expected: 1, events: eventsOf(1), command })
      tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
      throw thrown
    })
    await expect(work).rejects.toBe(thrown)
    expect(await logOf(store, tenantId)).toEqual(result.events)
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
  },

  'stores nothing when one append meets a conflict': async (context) => {
    const { store, tenantId } = context
    const { stream, result } = await givenStream(context, 2, streamAt('middle', tenantId))
    const grown = streamAt('first', tenantId)
    const before = await store.append({ stream: grown, expected: 0, events: eventsOf(1), snapshot: snapshotAt(1) })
    const created = [...upTo(3).map(() => streamAt('first', tenantId)), ...upTo(3).map(() => streamAt('last', tenantId))]
    const commands = created.map(() => receiptOf())
    const error = await refusal('CAIRN_VERSION_CONFLICT', () =>
      store.transaction(tenantId, async (tx) => {
        for (const [i, other] of created.entries()) {
          tx.append({
            stream: other,
            expected: 0,
            events: eventsOf(1),
            snapshot: snapshotAt(1),
            ...(commands[i] && { command: commands[i] }),
          })
        }
        tx.append({ stream: grown, expected: 1, events: eventsOf(1), snapshot: snapshotAt(2) })
        tx.append({ stream, expected: 1, events: eventsOf(1) })
      }),
    )
    expect(error.details).toMatchObject({ expected: 1, actual: 2 })
    expect(await logOf(store, tenantId)).toEqual([...result.events, ...before.events])
    expect(await store.existsOne(created)).toBe(false)
    for (const other of created) expect(await store.load(other)).toMatchObject({ version: 0, snapshot: undefined })
    expect(await store.load(grown)).toMatchObject({ version: 1, snapshot: snapshotAt(1) })
    for (const command of commands) expect(await store.resultOf(tenantId, command)).toBeUndefined()
  },

  'stores nothing when one stream is closed': async (context) => {
    const { store, tenantId } = context
    const { stream, result } = await givenStream(context, 1, streamAt('middle', tenantId))
    await store.close(stream)
    const work = store.transaction(tenantId, async (tx) => {
      tx.append({ stream: streamAt('first', tenantId), expected: 0, events: eventsOf(1) })
      tx.append({ stream, expected: 1, events: eventsOf(1) })
      tx.append({ stream: streamAt('last', tenantId), expected: 0, events: eventsOf(1) })
    })
    await refusal('CAIRN_STREAM_CLOSED', work)
    expect(await logOf(store, tenantId)).toEqual(result.events)
  },

  'stores nothing when one event is bad': async (context) => {
    const { store, tenantId } = context
    const work = (): Promise<void> =>
      store.transaction(tenantId, async (tx) => {
        tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
        tx.append({ stream: streamIn(tenantId), expected: 0, events: [eventOf('order.noted', { text: 'NUL \0' })] })
      })
    await refusal('CAIRN_INVALID_INPUT', work)
    await expectNothingStored(context)
  },

  'stores nothing when one command id was used with other content': async (context) => {
    const { store, tenantId } = context
    const used = receiptOf('one')
    const { events } = await store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command: used })
    const work = store.transaction(tenantId, async (tx) => {
      tx.append({ stream: streamAt('first', tenantId), expected: 0, events: eventsOf(1) })
      tx.append({ stream: streamAt('middle', tenantId), expected: 0, events: eventsOf(1), command: receiptOf('two', used.id) })
      tx.append({ stream: streamAt('last', tenantId), expected: 0, events: eventsOf(1) })
    })
    await refusal('CAIRN_COMMAND_ID_REUSED', work)
    expect(await logOf(store, tenantId)).toEqual(events)
  },

  'stores nothing when the work does not wait to hear that the id of a command put aside was used with other content': async (context) => {
    const { store, tenantId } = context
    const command = commandIn(tenantId)
    await store.transaction(tenantId, (tx) => tx.commands.enqueue([{ command }]))
    const work = store.transaction(tenantId, async (tx) => {
      tx.commands.enqueue([{ command: { ...command, payload: { n: 2 } } }]).catch(() => undefined)
      tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
    })
    await refusal('CAIRN_COMMAND_ID_REUSED', work)
    await expectNothingStored(context)
  },

  'stores an append that its work did not wait for, or refuses it': async (context) => {
    const { store, tenantId } = context
    const [first, second] = [streamIn(tenantId), streamIn(tenantId)]
    let late: Promise<unknown> = Promise.resolve()
    let over: EventStoreTransaction | undefined
    await store.transaction(tenantId, async (tx) => {
      over = tx
      tx.append({ stream: first, expected: 0, events: eventsOf(1) })
      late = tx.load(second).then(() => tx.append({ stream: second, expected: 0, events: eventsOf(1) }))
      late.catch(() => undefined)
    })
    const [outcome] = await Promise.allSettled([late])
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_STOPPED' })
    expect(await store.existsAll([second])).toBe(outcome.status === 'fulfilled')
    await refusal('CAIRN_STOPPED', async () => over?.append({ stream: second, expected: 'any', events: eventsOf(1) }))
  },

  'loads the committed state, its own appends and those of others in flight not included': async (context) => {
    const { store, rival, tenantId } = context
    const { stream } = await givenStream(context, 2)
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.load(stream)).toMatchObject({ version: 2 })
      tx.append({ stream, expected: 'any', events: eventsOf(1, 10) })
      expect(await tx.load(stream)).toMatchObject({ version: 2 })
      expect(await rival.load(stream)).toMatchObject({ version: 2 })
    })
    expect(await rival.load(stream)).toMatchObject({ version: 3 })
  },

  'loads with the same options as outside': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const snapshot = { version: 2, schemaVersion: 1, state: { n: 2 } }
    await store.append({ stream, expected: 0, events: eventsOf(3), snapshot })
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.load(stream)).toEqual(await store.load(stream))
      expect((await tx.load(stream, { useSnapshot: false })).events).toHaveLength(3)
      expect((await tx.load(stream, { afterVersion: 1 })).events).toHaveLength(2)
      expect(await tx.load(streamIn(tenantId))).toMatchObject({ version: 0 })
    })
  },

  'meets a conflict with what was appended after its load': async (context) => {
    const { store, rival, tenantId } = context
    const { stream } = await givenStream(context, 1)
    const work = store.transaction(tenantId, async (tx) => {
      const { version } = await tx.load(stream)
      await rival.append({ stream, expected: 1, events: eventsOf(1, 2) })
      tx.append({ stream, expected: version, events: eventsOf(1, 3) })
    })
    await refusal('CAIRN_VERSION_CONFLICT', work)
    expect(payloadsOf(await eventsIn(store, stream))).toEqual([{ n: 1 }, { n: 2 }])
  },

  'carries out two appends to one stream in their order': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    await store.transaction(tenantId, async (tx) => {
      tx.append({ stream, expected: 0, events: eventsOf(2, 1) })
      tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
      tx.append({ stream, expected: 2, events: eventsOf(1, 3) })
    })
    expect(payloadsOf(await eventsIn(store, stream))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  },

  'stores receipts and snapshots with its appends': async ({ store, tenantId }) => {
    const stream = streamIn(tenantId)
    const [command, silent] = [receiptOf(), receiptOf()]
    const snapshot = { version: 2, schemaVersion: 1, state: { n: 2 } }
    const other = streamIn(tenantId)
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.resultOf(command)).toBeUndefined()
      tx.append({ stream, expected: 0, events: eventsOf(2), command, snapshot })
      tx.append({ stream: other, expected: 0, events: [], command: silent })
    })
    expect(await store.load(stream)).toMatchObject({ version: 2, snapshot, events: [] })
    const first = { stream, events: await eventsIn(store, stream), version: 2, duplicate: true }
    expect(await store.resultOf(tenantId, command)).toMatchObject(first)
    expect(await store.resultOf(tenantId, silent)).toEqual({ stream: other, events: [], version: 0, position: 0, duplicate: true })
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.resultOf(command)).toMatchObject(first)
      await refusal('CAIRN_COMMAND_ID_REUSED', () => tx.resultOf(receiptOf('other', command.id)))
    })
  },

  'is refused whole when one of its commands took effect before': async (context) => {
    const { store, tenantId } = context
    const known = receiptOf()
    const first = await store.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(2), command: known })
    const places = ['first', 'middle', 'last'] as const
    const appends = places.map((place) => ({ stream: streamAt(place, tenantId), command: place === 'middle' ? known : receiptOf() }))
    const run = (): Promise<void> =>
      store.transaction(tenantId, async (tx) => {
        for (const { stream, command } of appends) tx.append({ stream, expected: 0, events: eventsOf(2), command })
      })
    const error = await refusal('CAIRN_DUPLICATE_COMMAND', run)
    expect(error.retryable).toBe(true)
    expect(await logOf(store, tenantId)).toEqual(first.events)
    for (const { command } of appends.filter((append) => append.command !== known))
      expect(await store.resultOf(tenantId, command)).toBeUndefined()
  },

  'takes effect once among 16 racers with the same command ids': async ({ store, rival, tenantId }) => {
    const appends = upTo(3).map(() => ({ stream: streamIn(tenantId), command: receiptOf() }))
    const outcomes = await Promise.allSettled(
      upTo(16).map((n) =>
        (n % 2 === 0 ? store : rival).transaction(tenantId, async (tx) => {
          for (const { stream, command } of appends) tx.append({ stream, expected: 0, events: eventsOf(2, n * 10), command })
        }),
      ),
    )
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_DUPLICATE_COMMAND' })
    expect(await logOf(store, tenantId)).toHaveLength(6)
  },

  'refuses another tenant’s stream, and stores nothing': async (context) => {
    const { store, tenantId, otherTenantId } = context
    const theirs = streamIn(otherTenantId)
    await store.append({ stream: theirs, expected: 0, events: eventsOf(1) })
    const touches: readonly ((tx: EventStoreTransaction) => Promise<unknown>)[] = [
      async (tx) => tx.append({ stream: theirs, expected: 1, events: eventsOf(1) }),
      async (tx) => tx.load(theirs),
    ]
    for (const touch of touches) {
      const work = store.transaction(tenantId, async (tx) => {
        tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
        await touch(tx)
      })
      await refusal('CAIRN_TENANT_MISMATCH', work)
    }
    await expectNothingStored(context)
    expect(await eventsIn(store, theirs)).toHaveLength(1)
  },

  'lets racing transactions over the same streams end without a deadlock, each whole or not at all': async ({ store, rival, tenantId }) => {
    const streams = upTo(4).map(() => streamIn(tenantId))
    const move = (n: number, order: readonly StreamKey[]): Promise<void> =>
      (n % 2 === 0 ? store : rival).transaction(tenantId, async (tx) => {
        for (const stream of order) tx.append({ stream, expected: 'any', events: eventsOf(1, n) })
      })
    await Promise.all(upTo(16).map((n) => move(n, n % 3 === 0 ? streams : streams.toReversed())))
    const histories = await Promise.all(streams.map(async (stream) => payloadsOf(await eventsIn(store, stream))))
    for (const history of histories) {
      expect(history).toHaveLength(16)
      expect(history).toEqual(histories[0])
    }
  },

  'lets one of 16 racing transactions over the same versions win': async ({ store, rival, tenantId }) => {
    const streams = upTo(3).map(() => streamIn(tenantId))
    const outcomes = await Promise.allSettled(
      upTo(16).map((n) =>
        (n % 2 === 0 ? store : rival).transaction(tenantId, async (tx) => {
          for (const stream of streams) tx.append({ stream, expected: 0, events: eventsOf(1, n) })
          return n
        }),
      ),
    )
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(winners).toHaveLength(1)
    for (const stream of streams) expect(payloadsOf(await eventsIn(store, stream))).toEqual([{ n: winners[0] }])
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_VERSION_CONFLICT' })
  },
})
