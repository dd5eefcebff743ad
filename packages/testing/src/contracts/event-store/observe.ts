import type { RecordedEvent, StreamKey } from '@cairn/core'
import { expect } from 'vitest'
import type { EventStoreContext, EventStoreUnderTest } from './context.ts'

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function eventsIn(store: EventStoreUnderTest, stream: StreamKey): Promise<readonly RecordedEvent[]> {
  return collect(store.readStream(stream))
}

/** The tenant's whole log, read page by page as a background reader would. */
export async function logOf(store: EventStoreUnderTest, tenantId: string, limit = 1_000): Promise<readonly RecordedEvent[]> {
  const all: RecordedEvent[] = []
  for (let after = 0; ;) {
    const page = await store.readAll({ tenantId, after, limit })
    all.push(...page.events)
    if (page.next <= after || page.next >= page.horizon) return all
    after = page.next
  }
}

/** Asserts that the case's tenant has nothing in the log. */
export async function expectNothingStored({ store, tenantId }: EventStoreContext): Promise<void> {
  expect(await logOf(store, tenantId)).toEqual([])
}

export function versionsOf(events: readonly { readonly version: number }[]): readonly number[] {
  return events.map((event) => event.version)
}

export function typesOf(events: readonly { readonly type: string }[]): readonly string[] {
  return events.map((event) => event.type)
}

export function payloadsOf(events: readonly { readonly payload: unknown }[]): readonly unknown[] {
  return events.map((event) => event.payload)
}
