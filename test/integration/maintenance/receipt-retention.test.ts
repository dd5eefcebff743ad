import { randomUUID } from 'node:crypto'
import { createCairn } from '@cairn/cairn'
import { openPg, PgCommandStore, PgEventStore, ReceiptRetention } from '@cairn/infra/pg'
import { expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { banking } from '../../unit/runtime/account.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, maintenanceUrl, schema, contextKey } = await testDatabase()
const tenantId = 'alpha'
const metadata = { correlationId: 'x', causationId: 'x', schemaVersion: 1 }
const dayMs = 86_400_000

const kept = async (): Promise<readonly string[]> =>
  (await queryOnce<{ id: string }>(url, `select id from ${schema}.commands order by id`)).map(({ id }) => id)

async function age(ids: readonly string[], days: number): Promise<void> {
  await queryOnce(
    url,
    `update ${schema}.commands set created_at = now() - $2 * interval '1 day',
            updated_at = case when updated_at is not null then now() - $2 * interval '1 day' end where id = any ($1)`,
    [ids, days],
  )
}

test('receipts that took effect long enough ago go, in batches; what is younger, waits, is under way or failed stays', async () => {
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  const store = new PgEventStore(db)
  const commands = new PgCommandStore(db)
  const append = async (aggregateId: string): Promise<string> => {
    const id = randomUUID()
    const stream = { tenantId, aggregateType: 'thing', aggregateId }
    await store.append({ stream, expected: 'any', events: [markedEvent('x')], command: { id, hash: 'ab'.repeat(32) } })
    return id
  }
  const store1 = async (): Promise<string> => {
    const id = randomUUID()
    await commands.upsert({ tenantId, aggregateType: 'thing', aggregateId: id, id, type: 'thing.change', payload: {}, metadata })
    return id
  }
  const old = await Promise.all(Array.from({ length: 25 }, (_, i) => append(`old-${i}`)))
  const young = await append('young')
  const pending = await store1()
  const failed = await store1()
  await commands.markStatus(tenantId, failed, { status: 'failed', error: { code: 'X', message: 'x', retryable: false } })
  const consumed = await store1()
  await commands.markStatus(tenantId, consumed, { status: 'consumed' })
  await age([...old, pending, failed, consumed], 91)
  await age([young], 89)
  // Stored long ago, carried out yesterday.
  const late = await append('late')
  await age([late], 200)
  await queryOnce(url, `update ${schema}.commands set updated_at = now() - interval '1 day' where id = $1`, [late])

  const retention = new ReceiptRetention({ url: maintenanceUrl, schema, batchSize: 10 })
  expect(await retention.runOnce()).toBe(25)
  expect(await kept()).toEqual([young, pending, failed, consumed, late].toSorted())
  expect(await retention.runOnce()).toBe(0)

  const shorter = new ReceiptRetention({ url: maintenanceUrl, schema, keepForMs: 80 * dayMs, everyMs: 50 })
  shorter.start()
  expect(await eventually(async () => !(await kept()).includes(young))).toBe(true)
  await age([late], 81)
  expect(await eventually(async () => !(await kept()).includes(late))).toBe(true)
  await shorter.stop()
  expect(await kept()).toEqual([pending, failed, consumed].toSorted())
  // The log itself is untouched.
  expect(await queryOnce(url, `select 1 from ${schema}.events`)).toHaveLength(27)
  await store.drained()
  await db.close()
})

test('commands that were cancelled go with the receipts, failed ones when it is said how long they are kept', async () => {
  await queryOnce(url, `delete from ${schema}.commands`)
  const failed = `insert into ${schema}.commands (tenant_id, hash, status, type, error, created_at)
                  values ('alpha', '', 'failed', 'thing.change', $1, now() - $2 * interval '1 day')`
  for (const days of [89, 91])
    for (const code of ['CAIRN_COMMAND_CANCELLED', 'X']) await queryOnce(url, failed, [JSON.stringify({ code }), days])
  const codes = async (): Promise<readonly string[]> =>
    (await queryOnce<{ code: string }>(url, `select error ->> 'code' as code from ${schema}.commands order by created_at, 1`)).map(
      ({ code }) => code,
    )
  expect(await new ReceiptRetention({ url: maintenanceUrl, schema }).runOnce()).toBe(1)
  expect(await codes()).toEqual(['X', 'CAIRN_COMMAND_CANCELLED', 'X'])
  expect(await new ReceiptRetention({ url: maintenanceUrl, schema, keepFailedForMs: 90 * dayMs }).runOnce()).toBe(1)
  expect(await codes()).toEqual(['CAIRN_COMMAND_CANCELLED', 'X'])
})

test('a login that may not, and a database that is away, are told; the options are checked', async () => {
  await expect(new ReceiptRetention({ url: appUrl, schema }).runOnce()).rejects.toMatchObject({ code: '42501' })
  await expect(new ReceiptRetention({ url: 'postgres://nobody@127.0.0.1:1/none', schema }).runOnce()).rejects.toMatchObject({
    code: 'CAIRN_DATABASE_UNAVAILABLE',
  })
  expect(() => new ReceiptRetention({ url: appUrl, keepForMs: -1 })).toThrow(/keepForMs/)
})

test('an app removes old receipts where it has a maintenance login, and leaves no session behind', async () => {
  const production = { database: appUrl, workerUrl, schema, contextKey, migrate: false }
  const old = `insert into ${schema}.commands (tenant_id, hash, status, first_version, version, created_at)
               values ('alpha', '', 'processed', 1, 1, now() - $1 * interval '1 day')`
  const ages = async (): Promise<readonly number[]> => {
    const rows = await queryOnce<{ age: number }>(
      url,
      `select extract(day from now() - created_at)::int as age from ${schema}.commands where hash = '' order by 1`,
    )
    return rows.map(({ age: days }) => days)
  }
  await queryOnce(url, `delete from ${schema}.commands`)
  for (const days of [5, 20]) await queryOnce(url, old, [days])
  const without = await createCairn({ domains: [banking], ...production, keepReceiptsForDays: 10 })
  await without.stop()
  expect(await ages()).toEqual([5, 20])
  const app = await createCairn({ domains: [banking], ...production, maintenanceUrl, keepReceiptsForDays: 10 })
  expect(await eventually(async () => (await ages()).length === 1)).toBe(true)
  await app.stop()
  expect(await ages()).toEqual([5])
  const sessions = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'cairn retention'`
  expect(await eventually(async () => (await queryOnce(url, sessions)).length === 0)).toBe(true)
})
