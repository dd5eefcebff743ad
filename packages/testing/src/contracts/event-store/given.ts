import {
  hashCommand,
  uuidv7,
  type AppendResult,
  type CommandReceipt,
  type EventToStore,
  type ExpectedVersion,
  type Metadata,
  type StreamKey,
} from '@cairn/core'
import type { EventStoreContext } from './context.ts'

export function streamIn(tenantId: string, aggregateId: string = uuidv7(), aggregateType = 'order'): StreamKey {
  return { tenantId, aggregateType, aggregateId }
}

export function eventOf(type = 'order.noted', payload: unknown = { note: 'hello' }, metadata: Partial<Metadata> = {}): EventToStore {
  const id = uuidv7()
  return { id, type, payload, metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1, ...metadata } }
}

/** Events whose payloads count from `first`, so that a lost or doubled one shows. */
export function eventsOf(count: number, first = 1, type = 'order.noted'): readonly EventToStore[] {
  return Array.from({ length: count }, (_, i) => eventOf(type, { n: first + i }))
}

/** A receipt for a command that nobody sent before; `content` decides its hash. */
export function receiptOf(content: unknown = uuidv7(), id: string = uuidv7()): CommandReceipt {
  return { id, hash: hashCommand({ type: 'order.note', aggregateType: 'order', aggregateId: 'some', payload: content }) }
}

/** Appends `count` events to a new stream of the case's tenant. */
export async function givenStream(
  { store, tenantId }: EventStoreContext,
  count: number,
  stream: StreamKey = streamIn(tenantId),
): Promise<{ readonly stream: StreamKey; readonly result: AppendResult }> {
  const result = await store.append({ stream, expected: 0, events: eventsOf(count) })
  return { stream, result }
}

/** Appends one event and returns what was stored. */
export async function appendOne(
  { store }: EventStoreContext,
  stream: StreamKey,
  event: EventToStore = eventOf(),
  expected: ExpectedVersion = 'any',
): Promise<AppendResult> {
  return store.append({ stream, expected, events: [event] })
}
