import { extraIndexes, migrate, openPg, PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const logSize = 40_000
const tenantId = 'sparse'

beforeAll(async () => {
  await queryOnce(url, `alter table ${schema}.events set (autovacuum_enabled = false)`)
  await queryOnce(
    url,
    `insert into ${schema}.events (position, stream_id, version, schema_version, recorded_at, id, tenant_id, aggregate_type, aggregate_id, type,
                                   payload, metadata, correlation_id, workflow_id)
     select i, i, 1, 1, now(), gen_random_uuid(), case when i % (${logSize} / 4) = 0 then '${tenantId}' else 'dense' end, 'thing', i::text,
            'thing.changed', '{}', '{"correlationId": "c", "causationId": "c", "schemaVersion": 1}', 'c' || i % 1000, case when i % 100 = 0 then 'w' || i % 1000 end
       from generate_series(1, ${logSize}) i`,
  )
  await queryOnce(url, `select setval('${schema}.event_positions', ${logSize}), setval('${schema}.stream_ids', ${logSize})`)
})

/** Rows of the log that a piece of work went over, by whatever scan. */
async function rowsOf(work: (store: PgEventStore) => Promise<unknown>): Promise<number> {
  const counted = async (): Promise<number> => {
    const [row] = await queryOnce<{ rows: number }>(
      url,
      `select (seq_tup_read + idx_tup_fetch)::float8 as rows from pg_stat_user_tables where relid = '${schema}.events'::regclass`,
    )
    return row?.rows ?? 0
  }
  const before = await counted()
  const db: PgDatabase = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  const store = new PgEventStore(db)
  await work(store)
  await db.close()
  const sessions = `select 1 from pg_stat_activity where datname = current_database() and usename in ($1, $2)`
  const logins = [appUrl, workerUrl].map((address) => new URL(address).username)
  expect(await eventually(async () => (await queryOnce(url, sessions, logins)).length === 0)).toBe(true)
  return (await counted()) - before
}

// Each often enough that PostgreSQL would settle on a plan.
const times = async (work: () => Promise<unknown>): Promise<void> => {
  for (let i = 0; i < 8; i++) await work()
}

const questions: readonly (readonly [string, (store: PgEventStore) => Promise<unknown>])[] = [
  ['a count', (store) => store.countByType(tenantId)],
  ['a tenant’s log', (store) => store.readAll({ tenantId })],
  ['a query, newest first', (store) => store.query({ tenantId }, { order: 'newest-first' })],
  ['a query by type', (store) => store.query({ tenantId, types: ['thing.changed'] })],
  ['a query by correlation', (store) => store.query({ tenantId: 'dense', correlationId: 'c7' })],
  ['a query by workflow', (store) => store.query({ tenantId: 'dense', workflowId: 'w100' })],
]

const answersOf = async (): Promise<readonly unknown[]> => {
  const answers: unknown[] = []
  await rowsOf(async (store) => {
    for (const [, ask] of questions) answers.push(await ask(store))
  })
  return answers
}

describe('questions about few of many events', () => {
  let without: readonly unknown[]

  test.each(questions)('without further indexes (the control), %s goes over the log', async (_what, ask) => {
    expect(await rowsOf((store) => times(() => ask(store)))).toBeGreaterThan(logSize)
    without ??= await answersOf()
  })

  test('the indexes are built once, by the schema’s owner, and a second migration has nothing to do', async () => {
    expect(await migrate({ url, schema, indexes: ['events-by-tenant', ...extraIndexes] })).toMatchObject({ indexes: extraIndexes })
    expect(await migrate({ url, schema, indexes: extraIndexes })).toMatchObject({ indexes: [] })
    const owners = await queryOnce<{ owner: string }>(
      url,
      `select distinct pg_get_userbyid(relowner) as owner from pg_class where relname in ('events_by_tenant', 'events_by_workflow')`,
    )
    expect(owners).toEqual([{ owner: `${schema}_owner` }])
  })

  test.each(questions)('with them, %s goes over its own events only', async (_what, ask) => {
    expect(await rowsOf((store) => times(() => ask(store)))).toBeLessThan(2_000)
  })

  test('the answers are the same', async () => {
    expect(await answersOf()).toEqual(without)
  })
})

test('an index that an earlier try left unfinished is built anew', async () => {
  await queryOnce(url, `update pg_index set indisvalid = false where indexrelid = '${schema}.events_by_type'::regclass`)
  expect(await migrate({ url, schema, indexes: ['events-by-type'] })).toMatchObject({ indexes: ['events-by-type'] })
})

test('migrations at the same time build an index once', async () => {
  await queryOnce(url, `drop index ${schema}.events_by_type`)
  const reports = await Promise.all([1, 2, 3].map(() => migrate({ url, schema, indexes: ['events-by-type'] })))
  expect(reports.filter(({ indexes }) => indexes.length > 0)).toHaveLength(1)
})

test('a name that is none is refused before anything is done', async () => {
  const unknown: string = 'events-by-mood'
  await expect(migrate({ url, schema, indexes: extraIndexes.with(0, unknown as (typeof extraIndexes)[number]) })).rejects.toMatchObject({
    code: 'CAIRN_INVALID_INPUT',
    message: expect.stringContaining('events-by-tenant, events-by-type'),
  })
})
