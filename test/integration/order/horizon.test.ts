import { openPg, PgEventStore } from '@cairn/infra/pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { AppSession } from '../../stress/support/app-session.ts'
import { Endings } from '../../stress/support/endings.ts'
import { eventOf, streamOf } from '../../stress/support/events.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()
const forFile = new Endings()
const forTest = new Endings()
let store: PgEventStore
let writer: AppSession

beforeAll(async () => {
  const { appUrl: url, workerUrl, contextKey, schema } = database
  const db = forFile.add(await openPg({ url, workerUrl, contextKey, schema }), (opened) => opened.close())
  store = forFile.add(new PgEventStore(db), (opened) => opened.drained())
})

beforeEach(async () => {
  const db = forTest.add(await openPg({ ...database, url: database.appUrl }), (opened) => opened.close())
  writer = forTest.add(await AppSession.open(database, db.signer), (opened) => opened.close())
})

afterEach(() => forTest.end())
afterAll(() => forFile.end())

/** An append of somebody else, committed at once. Resolves with its position. */
async function appendElsewhere(): Promise<number> {
  const { position } = await store.append({ stream: streamOf('others'), expected: 0, events: [eventOf()] })
  return position
}

/** An append in the writer's open transaction. Resolves with the event's id. */
async function appendInside(): Promise<string> {
  const event = eventOf()
  await writer.mustAppend(streamOf('writer'), [event])
  return event.id
}

async function idsBehind(after: number): Promise<string[]> {
  return (await store.readAll({ after })).events.map((event) => event.id)
}

test('an append that is not committed holds the horizon, whatever commits behind it', async () => {
  const before = await appendElsewhere()
  await writer.run('begin')
  const id = await appendInside()
  await appendElsewhere()
  expect(await store.readAll({ after: before })).toMatchObject({ events: [], next: before, horizon: before })
  await writer.run('commit')
  expect(await idsBehind(before)).toEqual([id, expect.any(String)])
})

test('a rolled-back append leaves a hole, and the horizon goes on', async () => {
  await writer.run('begin')
  await appendInside()
  await writer.run('rollback')
  const position = await appendElsewhere()
  expect((await store.readAll({ after: position - 1 })).horizon).toBe(position)
})

test('a savepoint takes its hold on the horizon back with it, and the next append holds it anew', async () => {
  const before = await appendElsewhere()
  await writer.run('begin')
  await writer.run('savepoint tried')
  await appendInside()
  await writer.run('rollback to savepoint tried')
  const between = await appendElsewhere()
  expect((await store.readAll({ after: before })).horizon).toBe(between)
  const id = await appendInside()
  await appendElsewhere()
  expect((await store.readAll({ after: before })).horizon).toBe(between)
  await writer.run('commit')
  expect(await idsBehind(between)).toEqual([id, expect.any(String)])
})

test('an append before a savepoint goes on holding the horizon when the savepoint is rolled back', async () => {
  const before = await appendElsewhere()
  await writer.run('begin')
  const id = await appendInside()
  await writer.run('savepoint tried')
  await appendInside()
  await writer.run('rollback to savepoint tried')
  await appendElsewhere()
  expect((await store.readAll({ after: before })).horizon).toBe(before)
  await writer.run('commit')
  expect(await idsBehind(before)).toEqual([id, expect.any(String)])
})

// The setting remembers where the transaction took hold; anybody who can run SQL in it can change it.
test.each([
  ['in the past', 0],
  ['2^31 in the past, where a distance of 32 bits turns its sign', 2 ** 31 + 100],
  ['2^32 in the past', 2 ** 32],
  ['in the future', -1_000],
])('a forged hold %s does not open the horizon', async (_, back) => {
  const before = await appendElsewhere()
  await writer.run('begin')
  await writer.run(`select set_config('cairn.horizon', pg_current_xact_id()::text || ':' || ${before - back}, true)`)
  const id = await appendInside()
  await appendElsewhere()
  expect((await store.readAll({ after: before })).events).toEqual([])
  await writer.run('commit')
  expect(await idsBehind(before)).toEqual([id, expect.any(String)])
})

// In this order: the sequence goes up only. A lock carries 32 bits of a position; a sign and an overflow lie in between.
test.each([31, 32, 33])('the horizon is exact while positions go past 2^%i', async (power) => {
  const sequence = `${database.schema}.event_positions`
  await queryOnce(database.url, `select setval('${sequence}', $1)`, [2 ** power - 3])
  const first = await appendElsewhere()

  // A hold ahead of the newest position: taken by a writer between a reader's look at the sequence and its look at the locks.
  await writer.run('begin')
  await writer.run(`select pg_advisory_xact_lock_shared('${sequence}'::regclass::oid::int, ${first + 2}::bigint::bit(32)::int)`)
  expect((await store.readAll({ after: first - 1 })).horizon).toBe(first)
  await writer.run('rollback')

  await writer.run('begin')
  const id = await appendInside()
  for (let i = 0; i < 5; i++) await appendElsewhere()
  const page = await store.readAll({ after: first - 1 })
  expect(page).toMatchObject({ next: first, horizon: first })
  expect(page.events.map((event) => event.position)).toEqual([first])
  await writer.run('commit')
  expect((await idsBehind(first)).slice(0, 1)).toEqual([id])
  expect((await store.readAll({ after: first })).horizon).toBe(first + 6)
})

test.each(['repeatable read', 'serializable'])('%s is refused: its one snapshot is older than the horizon', async (isolation) => {
  await writer.run(`begin isolation level ${isolation}`)
  await expect(appendInside()).rejects.toMatchObject({ code: 'ZC002' })
  await writer.run('rollback')
  await writer.run(`begin isolation level ${isolation}`)
  await expect(writer.run(`select ${database.schema}.horizon()`)).rejects.toMatchObject({ code: 'ZC002' })
  await writer.run('rollback')
})
