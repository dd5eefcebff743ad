import { uuidv7 } from '@cairn/core'
import { openPg, PgEventStore } from '@cairn/infra/pg'
import { afterAll, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
await queryOnce(url, 'analyze')
const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, hints: false })
const store = new PgEventStore(database)
afterAll(() => database.close())

it('looks receipts up one by one where the tables were analysed while they were empty', async () => {
  const appends = 2_000
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  for (let round = 0; round < appends / 100; round++) {
    await Promise.all(
      Array.from({ length: 100 }, () => {
        const stream = { tenantId: 't', aggregateType: 'order', aggregateId: uuidv7() }
        const command = { id: uuidv7(), hash: 'ab'.repeat(32) }
        return store.append({ stream, expected: 0, events: [{ id: uuidv7(), type: 'order.noted', payload: {}, metadata }], command })
      }),
    )
  }
  await database.close()
  const read = async (): Promise<number> => {
    const [row] = await queryOnce(
      url,
      `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n, n_tup_ins::int as stored from pg_stat_user_tables where schemaname = '${schema}' and relname = 'commands'`,
    )
    return Number(row?.stored) === appends ? Number(row?.n) : Number.NaN
  }
  // The statistics arrive when the connections have ended. Scanning all receipts for each append would read millions.
  await expect.poll(read).toBeLessThan(appends)
})
