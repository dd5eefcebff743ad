import { PgEventStore } from '@cairn/infra/pg'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { hotCalls, planDatabase } from './support/plan-database.ts'

const { url, fill, scansOf } = await planDatabase()

test('plans made where the statistics say that the tables are empty do not go over them when they are full', async () => {
  await queryOnce(url, 'analyze')
  const found = await scansOf(async (db) => {
    // The first plans of all: one row is what PostgreSQL expects of a table without pages.
    const store = new PgEventStore(db)
    const stream = { tenantId: 'tenant-1', aggregateType: 'thing', aggregateId: 'none' }
    for (let round = 0; round < 6; round++) await Promise.all([store.load(stream), store.load({ ...stream, aggregateId: 'neither' })])
    await hotCalls(db, 'early')
    await fill()
    await hotCalls(db)
  })
  // Look-ups of some thousand rows. An index that is scanned from end to end in place of one is 50,000 for each.
  for (const table of ['streams', 'commands', 'snapshots', 'reservations'] as const) {
    expect({ table, few: found[table].rows + found[table].fetched < 40_000, ...found[table] }).toMatchObject({ few: true })
  }
})
