import { uuidv7 } from '@cairn/core'
import { PgSubscriptionStore, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppSession } from '../tenancy/support/app-session.ts'
import { backgrounds } from './pg-subscription-stores.ts'
import { newSpec, takeOne } from './support.ts'

const { database, open } = await backgrounds()
const { appUrl, schema } = database
let db: PgDatabase
let session: AppSession
const spec = newSpec()

beforeAll(async () => {
  db = await open()
  session = await AppSession.open(appUrl)
  const store = new PgSubscriptionStore(db)
  const lease = await takeOne(store, spec)
  const failure = { category: 'Error', message: 'secret of a tenant', attempts: 1, at: new Date() }
  const event = { position: 7, eventId: uuidv7(), tenantId: 'alpha', type: 'x', status: 'parked' } as const
  await store.commit(lease, { checkpoint: 9, park: [{ ...event, parkingKey: 'secret', failure }] })
  await store.markState(lease, 'retrying', failure)
})

afterAll(async () => {
  await session.close()
  await db.close()
})

test('the application reads how far a subscription is, to wait for it', async () => {
  const rows = await session.rows(`select name, partition, state, checkpoint from ${schema}.subscription_partitions where name = $1`, [
    spec.key.name,
  ])
  expect(rows).toMatchObject([{ partition: 0, state: 'retrying', checkpoint: '9' }])
})

test('the application reads nothing else of subscriptions, but its tenants’ parked events, and changes nothing', async () => {
  const refused: string[] = []
  for (const statement of [
    `select failure from ${schema}.subscription_partitions`,
    `select * from ${schema}.subscription_partitions`,
    `select * from ${schema}.subscription_leases`,
    `select * from ${schema}.subscription_members`,
    `select * from ${schema}.log_identity`,
    `update ${schema}.subscription_partitions set checkpoint = 0`,
    `delete from ${schema}.subscriptions`,
    `delete from ${schema}.parked_events`,
    `select ${schema}.subscription_status(null, null)`,
    `select ${schema}.parked_list(null, null, null, null, false, null, 10)`,
    `select ${schema}.subscription_control('${spec.key.name}', 1, 'paused')`,
    `select ${schema}.read_log_page(0, null, 10, null, null, 100, false)`,
    `select ${schema}.log_id()`,
  ]) {
    refused.push(await session.try(statement))
  }
  expect(refused).toEqual(refused.map(() => '42501'))
  expect(await session.rows(`select * from ${schema}.parked_events`)).toEqual([])
  expect(session.seen).not.toContain('secret')
})
