import { openPg, PgEventStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { markedEvent } from './support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()

/** Names that mean something in an array literal, in SQL, in JSON, or to a reader in a hurry; and what they could be taken for. */
const names = [
  'a',
  'b',
  'A',
  ' a',
  'a ',
  'a,b',
  '{a,b}',
  '{a',
  'a}',
  'a","b',
  '"a"',
  '"',
  '""',
  '\\',
  '\\"',
  'a\\',
  "'",
  "' or true --",
  'NULL',
  'null',
  '{}',
  '%',
  '_',
  '[1:1]={a}',
  '$1',
  'a\nb',
  'a\tb',
  'ä',
  'a\u0308',
  'а',
  '租户',
  '🗻',
  '\u202ea',
  'x'.repeat(200),
]

let db: PgDatabase
let store: PgEventStore

beforeAll(async () => {
  db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  store = new PgEventStore(db)
  // All at once: batches that mix these names.
  await Promise.all(
    names.map((tenantId) =>
      store.append({ stream: { tenantId, aggregateType: 'thing', aggregateId: '1' }, expected: 0, events: [markedEvent('x')] }),
    ),
  )
})

afterAll(async () => {
  await store.drained()
  await db.close()
})

test('appends of many tenants leave in one batch, and each is stored under its own name', async () => {
  const rows = await queryOnce<{ tenant_id: string; transaction: string }>(
    url,
    `select tenant_id, xmin::text as transaction from ${schema}.events`,
  )
  expect(rows.map((row) => row.tenant_id).toSorted()).toEqual(names.toSorted())
  expect(new Set(rows.map((row) => row.transaction)).size).toBeLessThan(5)
})

describe.each(names.map((name) => [JSON.stringify(name), name] as const))('a tenant called %s', (_, tenantId) => {
  test('sees its own rows and no others', async () => {
    const seen = await withTenant(db, tenantId, (connection) =>
      connection.any(sql.type(z.object({ tenant_id: z.string() }))`select tenant_id from ${sql.identifier([schema, 'events'])}`),
    )
    expect(seen).toEqual([{ tenant_id: tenantId }])
    expect((await store.readAll({ tenantId })).events.map((event) => event.tenantId)).toEqual([tenantId])
    expect(await store.load({ tenantId, aggregateType: 'thing', aggregateId: '1' })).toMatchObject({ version: 1 })
  })
})

test('a context of several of these names opens exactly those', async () => {
  const context = db.signer.sign(['{a,b}', '"', 'NULL'])
  const seen = await queryOnce<{ tenant_id: string }>(
    appUrl,
    `select e.tenant_id from ${schema}.enter_context($1, $2) t, lateral (select tenant_id from ${schema}.events where t is not null) e`,
    [context.text, context.signature],
  )
  expect(seen.map((row) => row.tenant_id).toSorted()).toEqual(['"', 'NULL', '{a,b}'])
})
