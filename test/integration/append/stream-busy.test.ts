import { uuidv7 } from '@cairn/core'
import { openPg, PgEventStore } from '@cairn/infra/pg'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()

const event = () => ({
  id: uuidv7(),
  type: 'order.noted',
  payload: {},
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
})

it('gives up on a stream that stays held, says so, stores nothing, and lets the next append through', async () => {
  const database = await openPg({ url: appUrl, workerUrl, schema, contextKey, holdTimeoutMs: 300 })
  const store = new PgEventStore(database)
  const stream = { tenantId: 't', aggregateType: 'order', aggregateId: 'held' }
  await store.append({ stream, expected: 0, events: [event()] })

  const holder = new Client({ connectionString: url })
  await holder.connect()
  await holder.query('begin')
  await holder.query(`select from ${schema}.streams where aggregate_id = 'held' for update`)
  await expect(store.append({ stream, expected: 1, events: [event()] })).rejects.toMatchObject({
    name: 'StreamBusyError',
    code: 'CAIRN_STREAM_BUSY',
    retryable: true,
  })
  await holder.query('rollback')
  await holder.end()

  expect(await store.append({ stream, expected: 1, events: [event()] })).toMatchObject({ version: 2 })
  await store.drained()
  await database.close()
})
