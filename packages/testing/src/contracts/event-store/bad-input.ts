import { uuidv7, type AppendRequest, type EventToStore, type StreamKey } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, receiptOf, streamIn } from './given.ts'
import { eventsIn, expectNothingStored } from './observe.ts'

const invalid = 'CAIRN_INVALID_INPUT'
const badTexts = ['', 'NUL \0 inside', 'half \ud83d a pair', 'x'.repeat(201)]
/** What JavaScript callers, whom no types hold back, may pass as text. */
const notText: readonly unknown[] = [undefined, null, 7, {}, ['a']]
const notUuids = ['', 'order-1', '018f4e1c-7b1a-7c3e-9d2f', '018f4e1c7b1a7c3e9d2f0123456789ab', '{018f4e1c-7b1a-7c3e-9d2f-0123456789ab}']

function loosely<T extends object>(value: T, changes: Readonly<Record<string, unknown>>): T {
  return Object.assign({ ...value }, changes)
}

async function expectRefused(context: EventStoreContext, code: string, requests: readonly AppendRequest[]): Promise<void> {
  for (const request of requests) await refusal(code, () => context.store.append(request))
  await expectNothingStored(context)
}

/** A text whose JSON is so many bytes: two are for its quotes. */
function textOf(bytes: number): string {
  return 'x'.repeat(bytes - 2)
}

function requestsWith({ tenantId }: EventStoreContext, events: readonly EventToStore[]): readonly AppendRequest[] {
  return events.map((event) => ({ stream: streamIn(tenantId), expected: 0, events: [eventOf(), event], command: receiptOf() }))
}

export const badInput = contractGroup<EventStoreContext>('bad input', {
  'is refused in stream keys by every method': async ({ store, tenantId }) => {
    const good = streamIn(tenantId)
    const bad = (['tenantId', 'aggregateType', 'aggregateId'] as const).flatMap((field) =>
      [...badTexts, ...notText].map((value): StreamKey => loosely(good, { [field]: value })),
    )
    for (const stream of bad) {
      await refusal(invalid, () => store.append({ stream, expected: 'any', events: eventsOf(1) }))
      await refusal(invalid, () => store.appendGroup({ stream, expected: 'any', parts: [{ events: eventsOf(1) }] }))
      await refusal(invalid, () => store.load(stream))
      await refusal(invalid, async () => eventsIn(store, stream))
      await refusal(invalid, () => store.existsAll([good, stream]))
      await refusal(invalid, () => store.existsOne([good, stream]))
      await refusal(invalid, () => store.close(stream))
      if (stream.tenantId !== tenantId) continue
      await refusal(invalid, () => store.transaction(tenantId, async (tx) => tx.append({ stream, expected: 'any', events: eventsOf(1) })))
      await refusal(invalid, () => store.transaction(tenantId, async (tx) => tx.load(stream)))
    }
  },

  'is refused in tenant ids by every method': async ({ store }) => {
    for (const tenantId of badTexts) {
      await refusal(invalid, () => store.readAll({ tenantId }))
      await refusal(invalid, () => store.resultOf(tenantId, receiptOf()))
      await refusal(invalid, () => store.query({ tenantId }))
      await refusal(invalid, () => store.countByType(tenantId))
      await refusal(invalid, () => store.transaction(tenantId, async () => undefined))
    }
  },

  'is refused as an expected version': async (context) => {
    const { store, tenantId } = context
    for (const expected of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '0', 'none', null, undefined]) {
      const request = loosely<AppendRequest>({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) }, { expected })
      await refusal(invalid, () => store.append(request))
    }
    for (const expected of [-1, 0.5, Number.NaN]) await refusal(invalid, () => store.close(streamIn(tenantId), expected))
    await expectNothingStored(context)
  },

  'is refused as an event or command id': async (context) => {
    const { store, tenantId } = context
    const events = notUuids.map((id): EventToStore => ({ ...eventOf(), id }))
    await expectRefused(context, invalid, requestsWith(context, events))
    for (const id of notUuids) {
      const command = receiptOf('content', id)
      await expectRefused(context, invalid, [{ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command }])
      await refusal(invalid, () => store.resultOf(tenantId, command))
    }
  },

  'takes a UUID of any version as an id': async ({ store, tenantId }) => {
    const ids = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '6fa459ea-ee8a-3ca4-894e-db77e160355e']
    const events = ids.map((id): EventToStore => ({ ...eventOf(), id }))
    const result = await store.append({ stream: streamIn(tenantId), expected: 0, events, command: receiptOf('x', ids[0]) })
    expect(result.events.map((event) => event.id)).toEqual(ids)
  },

  'is refused as a command’s hash': async (context) => {
    const { tenantId } = context
    const hashes = ['', 'abc', 'x'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(63)}\0`]
    const requests = hashes.map((hash): AppendRequest => ({
      stream: streamIn(tenantId),
      expected: 0,
      events: eventsOf(1),
      command: { id: uuidv7(), hash },
    }))
    await expectRefused(context, invalid, requests)
  },

  'is refused as an event’s type': async (context) => {
    await expectRefused(
      context,
      invalid,
      requestsWith(
        context,
        ['', 'NUL \0', 'half \udc00'].map((type) => eventOf(type)),
      ),
    )
    await expectRefused(
      context,
      invalid,
      requestsWith(
        context,
        notText.map((type) => loosely(eventOf(), { type })),
      ),
    )
  },

  'is refused in payloads: NUL, lone surrogates, what JSON does not have': async (context) => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const payloads: readonly unknown[] = [
      '\0',
      { text: 'before \0 after' },
      { nested: [{ deep: ['\0'] }] },
      { 'key \0': 1 },
      '\ud800',
      { text: 'cut \ud83d' },
      { text: '\ude00 first' },
      { 'key \udfff': 1 },
      { text: '\\\0' },
      undefined,
      () => 1,
      Symbol('s'),
      10n,
      { big: 10n },
      { number: Number.NaN },
      [Number.POSITIVE_INFINITY],
      cyclic,
    ]
    await expectRefused(
      context,
      invalid,
      requestsWith(
        context,
        payloads.map((payload) => loosely(eventOf(), { payload })),
      ),
    )
  },

  'leaves alone what only looks bad': async ({ store, tenantId }) => {
    const payloads = [
      '\\u0000',
      '\\ud800',
      { '\\u0000': '\\\\u0000' },
      '\u0001\u001f',
      '😀',
      'null',
      '"',
      '\\"\\',
      { text: '\ufffd\ufffe\uffff' },
    ]
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: payloads.map((payload) => eventOf('order.noted', payload)) })
    expect((await eventsIn(store, stream)).map((event) => event.payload)).toEqual(payloads)
  },

  'is refused in metadata': async (context) => {
    const bad: readonly Readonly<Record<string, unknown>>[] = [
      { correlationId: '' },
      { correlationId: undefined },
      { causationId: 5 },
      { schemaVersion: 0 },
      { schemaVersion: -1 },
      { schemaVersion: 1.5 },
      { schemaVersion: undefined },
      { userId: 'NUL \0' },
      { workflowId: 'half \ud800' },
      { projectId: 12 },
      { unknown: 'NUL \0' },
      { unknown: { deep: '\udc00' } },
      { 'unknown \0': 1 },
    ]
    const events = bad.map((metadata) => loosely(eventOf(), { metadata: { ...eventOf().metadata, ...metadata } }))
    await expectRefused(context, invalid, requestsWith(context, [...events, loosely(eventOf(), { metadata: undefined })]))
  },

  'is refused as a snapshot': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    for (const snapshot of [
      { version: 1, schemaVersion: 1, state: { text: '\0' } },
      { version: 1, schemaVersion: 1, state: undefined },
      { version: -1, schemaVersion: 1, state: {} },
      { version: 0.5, schemaVersion: 1, state: {} },
      { version: 1, schemaVersion: -1, state: {} },
      { version: 1, schemaVersion: Number.NaN, state: {} },
    ]) {
      await expectRefused(context, invalid, [{ stream, expected: 0, events: eventsOf(1), snapshot }])
    }
    expect(await store.load(stream)).toMatchObject({ version: 0 })
  },

  'is refused where a payload is larger than the limit, and taken up to it': async (context) => {
    const { store, tenantId, maxPayloadBytes } = context
    const wide = 'ü'.repeat(Math.ceil(maxPayloadBytes / 2)) // more bytes than characters
    await expectRefused(
      context,
      'CAIRN_PAYLOAD_TOO_LARGE',
      requestsWith(context, [eventOf('order.noted', textOf(maxPayloadBytes + 1)), eventOf('order.noted', wide)]),
    )
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: [eventOf('order.noted', textOf(maxPayloadBytes))] })
    expect((await eventsIn(store, stream))[0]?.payload).toBe(textOf(maxPayloadBytes))
  },

  'is refused where a payload nests without end': async (context) => {
    let payload: unknown = 'core'
    for (let depth = 0; depth < 5_000; depth++) payload = [payload]
    await expectRefused(context, invalid, requestsWith(context, [eventOf('order.noted', payload)]))
  },

  'of one append does not harm others that are sent with it': async ({ store, tenantId }) => {
    const streams = Array.from({ length: 10 }, () => streamIn(tenantId))
    const outcomes = await Promise.allSettled(
      streams.map((stream, i) => store.append({ stream, expected: 0, events: [eventOf('order.noted', i === 4 ? '\0' : 'fine')] })),
    )
    expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).toEqual(streams.map((_, i) => i !== 4))
    expect(await store.existsAll(streams.filter((_, i) => i !== 4))).toBe(true)
  },
})
