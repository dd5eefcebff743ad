import { PgEventStore } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { hotCalls, planDatabase, tables } from './support/plan-database.ts'

const { url, fill, scansOf } = await planDatabase()

/** About one and a half times what look-ups in trees of two or three levels take; one scan of a whole index in each round is more. */
const mostPages = { events: 9_000, streams: 17_000, commands: 12_500, snapshots: 2_000, reservations: 500 } as const

const below = (limit: number): unknown => expect.toSatisfy((count: number) => count < limit, `below ${limit}`)
const above = (limit: number): unknown => expect.toSatisfy((count: number) => count > limit, `above ${limit}`)

test('plans made while the tables were empty do not scan them when they are full', async () => {
  const found = await scansOf(async (db) => {
    await hotCalls(db, 'early')
    await fill()
    await hotCalls(db)
  })
  // A table that is small may be scanned: one scan of the smallest that is full would be 50,000 rows.
  for (const table of tables) expect(found[table]).toMatchObject({ rows: below(40_000) })
  expect(found.events).toMatchObject({ index: above(100), fetched: below(200_000) })
})

describe.each(['never analysed', 'analysed'])('on 200,000 events of 50,000 streams, %s,', (state) => {
  beforeAll(async () => {
    if (state === 'analysed') await queryOnce(url, 'analyze')
  })

  test('appends, loads, readers, receipts and commands use indexes, and go over few rows', async () => {
    const found = await scansOf((db) => hotCalls(db))
    for (const table of tables) expect(found[table]).toMatchObject({ sequential: 0, index: above(10), pages: below(mostPages[table]) })
    // The readers' pages alone are some 40,000 events; everything else is single rows.
    expect(found.events).toMatchObject({ fetched: below(120_000) })
    for (const table of ['streams', 'commands', 'snapshots', 'reservations'] as const)
      expect(found[table]).toMatchObject({ fetched: below(10_000) })
  })
})

test('a scan would be seen (the control): counting a tenant’s events goes over all of them', async () => {
  const found = await scansOf(async (db) => {
    const store = new PgEventStore(db)
    expect((await store.countByType('tenant-1')).length).toBeGreaterThan(0)
  })
  expect(found.events).toMatchObject({ sequential: above(0), rows: above(100_000) })
})
