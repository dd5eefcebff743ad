import { randomBytes } from 'node:crypto'
import { uuidv7, type EventToStore, type RecordedEvent, type StreamKey } from '@cairn/core'
import { openPg, PgEventStore, PgLogReader } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const { appUrl, workerUrl, contextKey, schema } = await testDatabase()
const db = await openPg({ url: appUrl, workerUrl, contextKey, schema })
const store = new PgEventStore(db)
const reader = new PgLogReader(db)
const tenantId = 'large'
const large = streamOf('half-compressible')
const small = streamOf('small')
const count = 40
const mebibyte = 1_048_576
/** What an answer of the server holds at the most, but for a single event. */
const mostBytes = 32 * mebibyte

function streamOf(aggregateId: string): StreamKey {
  return { tenantId, aggregateType: 'file', aggregateId }
}

/** Every other text cannot be compressed: what is stored says little about what is printed. */
function eventOf(n: number): EventToStore {
  const text = n % 2 === 0 ? 'x'.repeat(mebibyte - 100) : randomBytes(mebibyte / 2 - 50).toString('hex')
  return {
    id: uuidv7(),
    type: 'file.kept',
    payload: { n, text },
    metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1 },
  }
}

function isKept(payload: unknown): payload is { readonly n: number; readonly text: string } {
  return payload !== null && typeof payload === 'object' && 'text' in payload
}

const bytesOf = (events: readonly { readonly payload: unknown }[]): number =>
  events.reduce((sum, { payload }) => sum + (isKept(payload) ? payload.text.length : 0), 0)
const numbersOf = (events: readonly { readonly payload: unknown }[]): readonly unknown[] =>
  events.map(({ payload }) => (isKept(payload) ? payload.n : undefined))
const oneTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1)

beforeAll(async () => {
  for (let from = 1; from <= count; from += 10) {
    await store.append({ stream: large, expected: from - 1, events: oneTo(10).map((i) => eventOf(from + i - 1)) })
  }
  await store.append({ stream: small, expected: 0, events: [{ ...eventOf(0), payload: { n: 1, text: '' } }] })
}, 60_000)

afterAll(async () => {
  await store.drained()
  await db.close()
})

/** Every event that `read` gives on the way from page to page, of which none is too large. */
async function pages(read: (after: number) => Promise<{ events: readonly RecordedEvent[]; next: number; horizon: number }>) {
  const events: RecordedEvent[] = []
  let turns = 0
  for (let after = 0; ; turns++) {
    const page = await read(after)
    expect(bytesOf(page.events)).toBeLessThanOrEqual(mostBytes)
    events.push(...page.events)
    if (page.next >= page.horizon) return { events, pages: turns + 1 }
    expect(page.next).toBe(page.events.at(-1)?.position)
    after = page.next
  }
}

test('the log comes in pages of bounded bytes, all of it and in order', async () => {
  const { events, pages: several } = await pages((after) => reader.read({ after, limit: 1_000 }))
  expect(numbersOf(events)).toEqual([...oneTo(count), 1])
  expect(several).toBeGreaterThan(1)
  const filtered = await pages((after) => reader.read({ after, limit: 1_000, types: ['file.kept'], tenantId }))
  expect(numbersOf(filtered.events)).toEqual([...oneTo(count), 1])
})

test('readAll, for one tenant and for all, and queries likewise', async () => {
  expect(numbersOf((await pages((after) => store.readAll({ after, limit: 1_000 }))).events)).toEqual([...oneTo(count), 1])
  expect(numbersOf((await pages((after) => store.readAll({ after, limit: 1_000, tenantId }))).events)).toEqual([...oneTo(count), 1])
  for (const order of ['oldest-first', 'newest-first'] as const) {
    const events: RecordedEvent[] = []
    for (let cursor: number | undefined = order === 'oldest-first' ? 0 : Number.MAX_SAFE_INTEGER; cursor !== undefined;) {
      const page = await store.query({ tenantId }, { limit: 1_000, order, cursor })
      expect(bytesOf(page.events)).toBeLessThanOrEqual(mostBytes)
      events.push(...page.events)
      cursor = page.next
    }
    expect(numbersOf(order === 'oldest-first' ? events : events.toReversed())).toEqual([...oneTo(count), 1])
  }
})

test('a stream of large events is read and loaded whole, and one that is loaded beside it too', async () => {
  const events: RecordedEvent[] = []
  for await (const event of store.readStream(large)) events.push(event)
  expect(numbersOf(events)).toEqual(oneTo(count))
  const [whole, other, again] = await Promise.all([store.load(large), store.load(small), store.load(large, { afterVersion: 2 })])
  expect(numbersOf(whole.events)).toEqual(oneTo(count))
  expect(whole.version).toBe(count)
  expect(numbersOf(other.events)).toEqual([1])
  expect(numbersOf(again.events)).toEqual(oneTo(count).slice(2))
})
