import { openPg, PgEventStore } from '@cairn/infra/pg'
import { afterAll, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const { appUrl, workerUrl, schema, contextKey } = await testDatabase()
const database = await openPg({ url: appUrl, workerUrl, schema, contextKey })
const store = new PgEventStore(database)
afterAll(() => database.close())

it('tells one of two transactions that wait for each other to run again', async () => {
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const cross = (mine: 0 | 1, theirs: 0 | 1): Promise<void> =>
    store.transaction('t', async (tx) => {
      await tx.reserve('email', `key-${mine}`)
      held[mine].resolve()
      await held[theirs].promise
      await tx.reserve('email', `key-${theirs}`)
    })
  const outcomes = await Promise.allSettled([cross(0, 1), cross(1, 0)])
  expect(outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason)).toMatchObject([
    { name: 'TransactionRolledBackError', code: 'CAIRN_TRANSACTION_ROLLED_BACK', retryable: true },
  ])
})
