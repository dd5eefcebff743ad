import { encodePayload, PayloadTooLargeError, uuidv7, type StreamKey } from '@cairn/core'
import { openPg, PgEventStore, PgLogReader } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, contextKey, schema } = await testDatabase()
const db = await openPg({ url: appUrl, workerUrl, contextKey, schema })
const store = new PgEventStore(db)
const reader = new PgLogReader(db)
const tenantId = 'hostile'
const stream: StreamKey = { tenantId, aggregateType: 'list', aggregateId: 'l-1' }
/** Each is printed by PostgreSQL with 309 digits, and takes 16 bytes in the table. */
const numbers = (count: number): readonly number[] => Array.from({ length: count }, () => 1e308)
const perEvent = 20_000
/** Some 56 MB as they are printed. */
const tooMany = 9

const event = (payload: unknown) => ({
  id: uuidv7(),
  type: 'list.made',
  payload,
  metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1 },
})

beforeAll(async () => {
  await store.append({ stream, expected: 0, events: [event(numbers(1))] })
  // Past the check of sizes, by copies of the first one. Their versions and positions follow it.
  await queryOnce(
    url,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type, payload, metadata)
     select position - 1 + n, stream_id, n, 1, recorded_at, gen_random_uuid(), tenant_id, aggregate_type, aggregate_id, type,
            (select jsonb_agg('1e308'::jsonb) from generate_series(1, $1::int)), metadata
       from ${schema}.events, generate_series(2, $2::int) n`,
    [perEvent, tooMany + 1],
  )
  await queryOnce(url, `update ${schema}.streams set version = $1`, [tooMany + 1])
  // Whoever numbers events next must not give out these positions again.
  const [last] = await queryOnce<{ position: string }>(url, `select max(position) as position from ${schema}.events`)
  await queryOnce(url, `select setval('${schema}.${await sequenceOfPositions()}', $1)`, [last?.position])
  await store.append({ stream: { ...stream, aggregateId: 'l-2' }, expected: 0, events: [event(numbers(1))] })
}, 60_000)

async function sequenceOfPositions(): Promise<string> {
  const found = await queryOnce<{ name: string }>(url, `select sequencename as name from pg_sequences where schemaname = $1`, [schema])
  return found.find(({ name }) => name.includes('position'))?.name ?? ''
}

afterAll(async () => {
  await store.drained()
  await db.close()
})

test('a payload that would be printed at many times its size is refused', async () => {
  const other = { ...stream, aggregateId: 'l-3' }
  await expect(store.append({ stream: other, expected: 0, events: [event(numbers(perEvent))] })).rejects.toMatchObject({
    code: 'CAIRN_PAYLOAD_TOO_LARGE',
  })
})

test('the size that is measured is the one that PostgreSQL prints', async () => {
  for (const number of [1e308, -1.5e22, 1e21, 1e-7, -1.25e-7, 5e-324, Number.MAX_VALUE]) {
    const [row] = await queryOnce<{ length: number }>(url, 'select length(($1::jsonb)::text) as length', [JSON.stringify(number)])
    const length = row?.length ?? 0
    expect(() => encodePayload('a number', number, length)).not.toThrow()
    expect(() => encodePayload('a number', number, length - 1)).toThrow(PayloadTooLargeError)
  }
})

test('a page of such events comes in parts', async () => {
  const all = await reader.read({ after: 0, limit: 10_000 })
  expect(all.events.length).toBeGreaterThan(1)
  expect(all.events.length * perEvent * 311).toBeLessThan(40_000_000)
  expect(all.next).toBe(all.events.at(-1)?.position)
  const { events } = await reader.read({ after: all.next, limit: 2 })
  expect(events.map(({ version }) => version)).toEqual([all.events.length + 1, all.events.length + 2])
})

test('a stream of such events is loaded in parts, and one beside it with it', async () => {
  const [loaded, beside] = await Promise.all([store.load(stream), store.load({ ...stream, aggregateId: 'l-2' })])
  expect(loaded.events.map(({ version }) => version)).toEqual(Array.from({ length: tooMany + 1 }, (_, i) => 1 + i))
  expect(loaded.events[1]?.payload).toEqual(numbers(perEvent))
  expect(beside.events).toHaveLength(1)
})
