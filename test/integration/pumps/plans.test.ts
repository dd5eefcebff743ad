import { beforeAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, schema } = await testDatabase()
const size = 60_000

beforeAll(async () => {
  // Never analysed: a plan that goes by statistics would be wrong here.
  for (const table of ['changes', 'commands']) await queryOnce(url, `alter table ${schema}.${table} set (autovacuum_enabled = false)`)
  await queryOnce(
    url,
    `insert into ${schema}.changes (change_id, operation, schema_name, table_name, new_row)
     select i, 'INSERT', 'public', case when i % 100 = 0 then 'rare' else 'usual' end, jsonb_build_object('id', i) from generate_series(1, ${size}) i`,
  )
  await queryOnce(url, `select setval('${schema}.change_positions', ${size})`)
  await queryOnce(
    url,
    `insert into ${schema}.commands (tenant_id, type, payload, hash, status)
     select 'acme', 't', '{}', case when i % 2 = 0 then '\\xab'::bytea end, case when i % 100 < 90 then 'failed' else 'pending' end
       from generate_series(1, ${size}) i`,
  )
})

/** Rows and index entries that a call looked at in a table. */
async function touched(table: string, call: string): Promise<number> {
  const [row] = await queryOnce<{ touched: string }>(
    url,
    `with answer as materialized (select * from ${schema}.${call})
     select count(*) * 0 + pg_stat_get_xact_tuples_fetched($1::regclass) + pg_stat_get_xact_tuples_returned($1::regclass) as touched from answer`,
    [`${schema}.${table}`],
  )
  return Number(row?.touched)
}

const page = (after: number, table: string): string =>
  `read_changes(${after}, null, 50, 'public', '${table}', '{INSERT}', null, null, null, 10000)`

test('a page of changes goes over its changes and no others; of a table that changes rarely, over one window', async () => {
  for (const after of [0, 30_000, size - 100]) expect(await touched('changes', page(after, 'usual'))).toBeLessThan(300)
  expect(await touched('changes', page(20_000, 'rare'))).toBeLessThan(11_000)
  expect(await touched('changes', page(20_000, 'never'))).toBeLessThan(11_000)
})

test('the end of the changes is found at once', async () => {
  expect(await touched('changes', 'change_head()')).toBeLessThan(10)
})

test('a page of pending commands goes over pending commands, a page of each kind', async () => {
  expect(await touched('commands', 'pending_commands(null, null, null, 20)')).toBeLessThan(200)
  const [last] = await queryOnce<{ at: string; seq: string; id: string }>(
    url,
    `select created_at::text as at, seq, id from ${schema}.commands where status = 'pending' order by created_at, seq, id offset 3000 limit 1`,
  )
  expect(await touched('commands', `pending_commands('${last?.at}', ${last?.seq}, '${last?.id}', 20)`)).toBeLessThan(200)
})
