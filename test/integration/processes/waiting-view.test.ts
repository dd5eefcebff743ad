import { openPg, PgProcessStore, withTenant } from '@cairn/infra/pg'
import { sql } from '@cairn/infra/pg'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, contextKey, schema } = await testDatabase()
const db = await openPg({ url: appUrl, workerUrl, contextKey, schema })
const instances = new PgProcessStore(db)
afterAll(() => db.close())

const Row = z.object({
  instance_id: z.string(),
  tenant_id: z.string(),
  waiting_for: z.string().nullable(),
  next_timer: z.string().nullable(),
})

async function given(tenantId: string, instanceId: string, over: object = {}): Promise<void> {
  await instances.save([
    {
      processManager: 'fulfilment',
      tenantId,
      instanceId,
      status: 'running',
      state: {},
      stateVersion: 1,
      version: 1,
      position: 1,
      steps: 1,
      timers: {
        late: { commandId: '018f4e1c-7b1a-7c3e-8000-000000000001', dueAt: '2026-03-01T00:00:00.000Z' },
        soon: { commandId: '018f4e1c-7b1a-7c3e-8000-000000000002', dueAt: '2026-02-01T00:00:00.000Z' },
      },
      waitingFor: 'payment',
      startedAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      ...over,
    },
  ])
}

test('the view tells since when an instance waits, for what, and its next timer; a tenant sees its own', async () => {
  await given('alpha', 'a-1')
  await given('alpha', 'a-2', { status: 'done' })
  await given('bravo', 'b-1', { timers: {}, waitingFor: undefined })
  const seen = await withTenant(db, 'alpha', (connection) =>
    connection.any(
      sql.type(Row)`select instance_id, tenant_id, waiting_for, next_timer from ${sql.identifier([schema, 'process_instances_waiting'])}`,
    ),
  )
  expect(seen).toEqual([{ instance_id: 'a-1', tenant_id: 'alpha', waiting_for: 'payment', next_timer: 'soon' }])
  const all = await queryOnce<{ instance_id: string; waiting: boolean }>(
    url,
    `select instance_id, waiting > interval '1 day' and waiting_since = '2026-01-01T00:00:00Z' as waiting from ${schema}.process_instances_waiting order by 1`,
  )
  expect(all).toEqual([
    { instance_id: 'a-1', waiting: true },
    { instance_id: 'b-1', waiting: true },
  ])
})

test('a claim in front of a long backlog reads no more than it needs', async () => {
  await queryOnce(
    url,
    `insert into ${schema}.commands (tenant_id, hash, type, aggregate_type, aggregate_id, payload, due_at)
     select 't', '\\x01', 'order.later', 'order', 'l-' || i, '{}', now() + i * interval '1 hour' from generate_series(1, 20000) i`,
  )
  await queryOnce(
    url,
    `insert into ${schema}.commands (tenant_id, hash, type, aggregate_type, aggregate_id, payload)
     select 't', '\\x01', 'order.now', 'order', 'n-' || i % 5000, '{}' from generate_series(1, 20000) i`,
  )
  await queryOnce(url, `analyze ${schema}.commands`)
  const [before] = await queryOnce<{ reads: number }>(url, scans)
  const started = performance.now()
  const rows = await queryOnce(url, `select commands from ${schema}.claim_due_commands('me', '{order.now}', 100)`)
  expect(performance.now() - started).toBeLessThan(2_000)
  expect(rows).toHaveLength(1)
  await expect.poll(async () => (await queryOnce<{ reads: number }>(url, scans))[0]?.reads).toBe(before?.reads)
})

const scans = `select coalesce(seq_scan, 0)::int as reads from pg_stat_user_tables where relname = 'commands' and schemaname = '${schema}'`
