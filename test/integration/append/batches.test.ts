import { uuidv7 } from '@cairn/core'
import { openPg, PgEventStore } from '@cairn/infra/pg'
import { afterAll, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, hints: false })
const store = new PgEventStore(database)
afterAll(() => database.close())

/** Transactions that appended, told apart by the transaction that wrote each row. */
async function transactionsOf(tenantId: string): Promise<number> {
  const [row] = await queryOnce(url, `select count(distinct xmin::text)::int as n from ${schema}.events where tenant_id = '${tenantId}'`)
  return Number(row?.n)
}

function append(tenantId: string): Promise<unknown> {
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  const stream = { tenantId, aggregateType: 'order', aggregateId: uuidv7() }
  return store.append({ stream, expected: 0, events: [{ id: uuidv7(), type: 'order.noted', payload: {}, metadata }] })
}

it('shares out appends that arrive together between two transactions, and needs fewer for each event the more arrive', async () => {
  await append('alone')
  expect(await transactionsOf('alone')).toBe(1)
  await Promise.all(Array.from({ length: 100 }, () => append('hundred')))
  expect(await transactionsOf('hundred')).toBe(2)
  await Promise.all(Array.from({ length: 20 }, () => append('twenty')))
  // Too few to be worth two.
  expect(await transactionsOf('twenty')).toBe(1)
  await Promise.all(Array.from({ length: 1_200 }, () => append('many')))
  // At most 500 in a batch; the last 200 are shared out once more if both batches end at the same time.
  expect([3, 4]).toContain(await transactionsOf('many'))
})

it('sends what does not wait for company at once', async () => {
  for (let i = 0; i < 5; i++) await append('one-by-one')
  expect(await transactionsOf('one-by-one')).toBe(5)
})
