import { openPg, PgEventStore } from '@cairn/infra/pg'
import { startTcpProxy } from '@cairn/testing/services'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { stopFunction } from '../../support/stop-function.ts'
import { testDatabase } from '../../support/test-database.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const database = await testDatabase()
const { url, appUrl, workerUrl, schema, contextKey } = database

const waiting = async (): Promise<number> =>
  (await queryOnce(url, `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length

test('a transaction of which it cannot be found out whether it took place is not said to have stored nothing', async () => {
  const address = new URL(url)
  const proxy = await startTcpProxy(Number(address.port || '5432'), address.hostname)
  onTestFinished(() => proxy.stop())
  const db = await openPg({ url: proxy.through(appUrl), workerUrl, schema, contextKey, holdTimeoutMs: 800 })
  onTestFinished(() => db.close())
  const store = new PgEventStore(db)
  const stream = { tenantId: 'alpha', aggregateType: 'thing', aggregateId: 'lost' }
  const locker = new Client({ connectionString: url })
  await locker.connect()
  onTestFinished(() => locker.end())
  await locker.query('begin')

  let locked: Promise<unknown> | undefined
  const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('COMMIT'))
  const outcome = store
    .transaction('alpha', async (tx) => {
      tx.append({ stream, expected: 0, events: [markedEvent('x')] })
      // Takes the lock that whoever asks for the outcome needs, as soon as this transaction has ended.
      await tx.commands.enqueue([
        {
          command: {
            id: crypto.randomUUID(),
            type: 'thing.do',
            tenantId: 'alpha',
            aggregateType: 'thing',
            aggregateId: 'other',
            payload: {},
            metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
          },
        },
      ])
      locked = locker.query(`lock table ${schema}.commands in access exclusive mode`)
      expect(await eventually(async () => (await waiting()) === 1)).toBe(true)
    })
    .then(
      () => 'done',
      (error: unknown) => error,
    )
  await Promise.race([cut, outcome])
  await locked
  expect(await outcome).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
  await locker.query('rollback')
  expect(await store.load(stream)).toMatchObject({ version: 1 })
})

test('an append whose answer was lost is not said to have done nothing when reading its events back is stopped', async () => {
  const { port, hostname } = new URL(url)
  const proxy = await startTcpProxy(Number(port || '5432'), hostname)
  onTestFinished(() => proxy.stop())
  const db = await openPg({ url: proxy.through(appUrl), workerUrl, schema, contextKey })
  onTestFinished(() => db.close())
  const store = new PgEventStore(db)
  const stream = { tenantId: 'alpha', aggregateType: 'thing', aggregateId: 'read-back' }
  const start = await stopFunction(database, 'results_of')
  try {
    const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('read-back'))
    const outcome = store.append({ stream, expected: 'any', events: [markedEvent('x')] }).catch((error: unknown) => error)
    await Promise.race([cut, outcome])
    expect(await outcome).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
  } finally {
    await start()
  }
  expect(await store.load(stream)).toMatchObject({ version: 1 })
})
