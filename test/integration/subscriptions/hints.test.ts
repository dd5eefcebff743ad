import { uuidv7 } from '@cairn/core'
import { PgEventStore, PgHints, type PgDatabase } from '@cairn/infra/pg'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'
import { backgrounds } from './pg-subscription-stores.ts'

const { database, open } = await backgrounds()
const { url } = database
const endings: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function opened(options?: Parameters<typeof open>[0]): Promise<PgDatabase> {
  const db = await open(options)
  endings.push(() => db.close())
  return db
}

/** A listener, and how often it was woken. */
function listening(db: PgDatabase): { readonly hints: PgHints; count: number; stop(): void } {
  const hints = new PgHints(db)
  endings.push(() => hints.close())
  const heard = { hints, count: 0, stop: hints.listen(() => heard.count++) }
  return heard
}

async function appendTo(db: PgDatabase): Promise<void> {
  const store = new PgEventStore(db)
  await store.append({
    stream: { tenantId: 'alpha', aggregateType: 'thing', aggregateId: uuidv7() },
    expected: 0,
    events: [markedEvent('x')],
  })
  // Without `drained`, which gives a hint up that is still waiting to go out.
  endings.push(() => store.drained())
}

const sessions = `select pid from pg_stat_activity where datname = current_database() and application_name = 'cairn hints'`

test('an append wakes the readers of another process', async () => {
  const heard = listening(await opened())
  expect(await eventually(() => heard.count > 0)).toBe(true)
  const before = heard.count
  await appendTo(await opened())
  expect(await eventually(() => heard.count > before)).toBe(true)
})

test('an append wakes the readers of its own process past the server', async () => {
  // Nobody answers at this address: what is heard did not come that way.
  const db = await opened({ listenUrl: 'postgres://nobody@127.0.0.1:1/nothing' })
  const heard = listening(db)
  await appendTo(db)
  expect(await eventually(() => heard.count > 0)).toBe(true)
})

test('nobody is woken where hints are off', async () => {
  const quiet = await opened({ hints: false })
  const heard = listening(quiet)
  expect(await eventually(() => heard.count > 0)).toBe(true)
  const before = heard.count
  await appendTo(quiet)
  // One that is sent afterwards has arrived: so would one sent before it.
  await appendTo(await opened())
  expect(await eventually(() => heard.count > before)).toBe(true)
  expect(heard.count).toBe(before + 1)
})

test('whoever stopped listening is not woken, and the others are', async () => {
  const db = await opened()
  const hints = new PgHints(db)
  endings.push(() => hints.close())
  let [stopped, kept] = [0, 0]
  const stop = hints.listen(() => stopped++)
  hints.listen(() => kept++)
  stop()
  stop()
  await appendTo(db)
  expect(await eventually(() => kept > 0)).toBe(true)
  expect(stopped).toBe(0)
})

test('a listener whose connection is killed 20 times hears of everything, and of each return', async () => {
  const heard = listening(await opened())
  const writer = await opened()
  const killed = new Set<number>()
  for (let round = 0; round < 20; round++) {
    const found = await eventually(async () => (await queryOnce<{ pid: number }>(url, sessions)).some(({ pid }) => !killed.has(pid)))
    expect(found).toBe(true)
    const before = heard.count
    for (const { pid } of await queryOnce<{ pid: number }>(url, sessions)) {
      killed.add(pid)
      await queryOnce(url, 'select pg_terminate_backend($1)', [pid])
    }
    // Woken by coming back, without any append.
    expect(await eventually(() => heard.count > before)).toBe(true)
  }
  expect(killed.size).toBeGreaterThanOrEqual(20)
  const before = heard.count
  await appendTo(writer)
  expect(await eventually(() => heard.count > before)).toBe(true)
})

test('closing ends the connection, and nothing is heard any more', async () => {
  const db = await opened()
  const heard = listening(db)
  expect(await eventually(async () => heard.count > 0 && (await queryOnce(url, sessions)).length === 1)).toBe(true)
  await heard.hints.close()
  expect(await eventually(async () => (await queryOnce(url, sessions)).length === 0)).toBe(true)
  const before = heard.count
  await appendTo(db)
  heard.hints.listen(() => heard.count++)()
  expect(heard.count).toBe(before)
  expect(await queryOnce(url, sessions)).toEqual([])
})
