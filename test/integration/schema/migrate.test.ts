import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isCairnError, silentLogger, type LoggerPort } from '@cairn/core'
import { migrate, openPg, PgEventStore } from '@cairn/infra/pg'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'
import { freshDatabase, freshSchema } from './support/schema-names.ts'
import { schemaFacts } from './support/schema-facts.ts'

const Report = z.object({ applied: z.array(z.string()), contextKey: z.string() })
const program = fileURLToPath(new URL('../../support/migrate-child.ts', import.meta.url))

/** What an undisturbed migration leaves. */
const undisturbed = await (async () => {
  const url = await freshDatabase()
  const schema = freshSchema()
  await migrate({ url, schema })
  return schemaFacts(url, schema)
})()

async function works(url: string, schema: string): Promise<boolean> {
  const db = await openPg({ url, schema, roles: 'switch' })
  const store = new PgEventStore(db)
  const stream = { tenantId: 'alpha', aggregateType: 'thing', aggregateId: '1' }
  await store.append({ stream, expected: 'any', events: [markedEvent('x')] })
  const { version } = await store.load(stream)
  await store.drained()
  await db.close()
  return version > 0
}

test('a migration reports what it did; a second one has nothing to do, and the key stays', async () => {
  const url = await freshDatabase()
  const schema = freshSchema()
  const first = await migrate({ url, schema })
  expect(first).toMatchObject({ schema, reapplied: true, contextKey: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(first.applied.length).toBeGreaterThan(0)
  expect(await migrate({ url, schema })).toEqual({ schema, applied: [], reapplied: false, indexes: [], contextKey: first.contextKey })
  expect(await schemaFacts(url, schema)).toEqual(undisturbed)
})

test.each(['order', 'left'])('a word that SQL reserves is refused before anything is made: %s', async (schema) => {
  const url = await freshDatabase()
  await expect(migrate({ url, schema })).rejects.toMatchObject({
    code: 'CAIRN_INVALID_INPUT',
    message: `"${schema}" cannot name a Cairn schema: SQL reserves the word. Choose another, such as "${schema}_log".`,
  })
  expect(await queryOnce(url, 'select rolname from pg_roles where rolname = $1', [`${schema}_owner`])).toEqual([])
})

test('functions, views, policies and grants are made anew when their files changed, over whatever they were', async () => {
  const url = await freshDatabase()
  const schema = freshSchema()
  await migrate({ url, schema })
  const vandalism = [
    `create or replace function ${schema}.tenants() returns text[] language sql stable security definer as $$ select array['alpha', 'bravo'] $$`,
    `drop policy app_reads_its_tenants on ${schema}.events`,
    `alter table ${schema}.streams disable row level security`,
    `grant all on all tables in schema ${schema} to ${schema}_app, ${schema}_worker, public`,
    `grant execute on all functions in schema ${schema} to ${schema}_app, ${schema}_maintenance, public`,
    `grant create on schema ${schema} to ${schema}_app`,
    `drop trigger events_no_change on ${schema}.events`,
  ]
  for (const statement of vandalism) await queryOnce(url, statement)
  expect(await schemaFacts(url, schema)).not.toEqual(undisturbed)
  await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
  expect(await migrate({ url, schema })).toMatchObject({ applied: [], reapplied: true })
  expect(await schemaFacts(url, schema)).toEqual(undisturbed)
})

/** Functions and views of a schema. */
const objects = (url: string, schema: string) =>
  queryOnce<{ name: string }>(
    url,
    `select oid::regprocedure::text as name from pg_proc where pronamespace = '${schema}'::regnamespace
     union all select oid::regclass::text from pg_class where relnamespace = '${schema}'::regnamespace and relkind = 'v' order by name`,
  )

describe('what earlier files made and these do not', () => {
  test('is removed, old overloads too; read models and what others made stay', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await migrate({ url, schema })
    const before = await objects(url, schema)
    const [marked] = await queryOnce<{ mark: string }>(
      url,
      `select obj_description('${schema}.horizon()'::regprocedure, 'pg_proc') as mark`,
    )
    const statements = [
      `set role ${schema}_owner`,
      // An overload that a grant by name alone would trip over, one that nothing defines any more, and a view of the same kind.
      `create function ${schema}.read_log(p_after bigint) returns bigint language sql as 'select p_after'`,
      `create function ${schema}.long_gone() returns int language sql as 'select 1'`,
      `create view ${schema}.gone_too as select ${schema}.long_gone() as one`,
      `comment on function ${schema}.read_log(bigint) is '${marked?.mark}'`,
      `comment on function ${schema}.long_gone() is '${marked?.mark}'`,
      `comment on view ${schema}.gone_too is '${marked?.mark}'`,
      // As a projection does it at run time, as the same owner.
      `create table ${schema}.order_summary__v1_g1 (id text primary key)`,
      `create view ${schema}.order_summary as select id from ${schema}.order_summary__v1_g1`,
      `create function ${schema}.of_a_projection() returns int language sql as 'select 2'`,
    ]
    await queryOnce(url, statements.join('; '))
    await queryOnce(url, `create function ${schema}.of_another() returns int language sql as 'select 3'`)
    await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
    expect(await migrate({ url, schema })).toMatchObject({ reapplied: true })
    const kept = ['of_a_projection()', 'of_another()', 'order_summary'].map((name) => ({ name: `${schema}.${name}` }))
    expect(await objects(url, schema)).toEqual([...before, ...kept].toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    expect(await works(url, schema)).toBe(true)
  })

  test('stays where something of a user’s needs it, and the migration says what', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await migrate({ url, schema })
    await queryOnce(url, `set role ${schema}_owner; create function ${schema}.needed() returns int language sql as 'select 1'`)
    await queryOnce(url, `create view public.mine as select ${schema}.needed() as one`)
    const mark = `(select obj_description('${schema}.horizon()'::regprocedure, 'pg_proc'))`
    await queryOnce(url, `do $$ begin execute format('comment on function ${schema}.needed() is %L', ${mark}); end $$`)
    await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
    await expect(migrate({ url, schema })).rejects.toMatchObject({ code: '2BP01', detail: expect.stringContaining('mine') })
    expect(await works(url, schema).catch((error: unknown) => error)).toMatchObject({ code: 'CAIRN_SCHEMA_VERSION' })
    await queryOnce(url, 'drop view public.mine')
    expect(await migrate({ url, schema })).toMatchObject({ reapplied: true })
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })
})

test('a schema with the functions of a newer version keeps them', async () => {
  const url = await freshDatabase()
  const schema = freshSchema()
  await migrate({ url, schema })
  await queryOnce(url, `update ${schema}.applied_files set hash = '999.0.0 ${'ab'.repeat(32)}'`)
  expect(await migrate({ url, schema })).toMatchObject({ reapplied: false })
  expect(await works(url, schema)).toBe(true)
})

describe('while a table is in use', () => {
  test('a migration waits a moment at a time, lets others pass, says so, and goes on when it is free', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await migrate({ url, schema })
    await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
    const user = await AppSession.open(url)
    await user.rows('begin')
    await user.rows(`lock table ${schema}.events in access share mode`)
    const said: string[] = []
    const logger: LoggerPort = { ...silentLogger, info: (message: string) => void said.push(message), child: () => logger }
    const migration = migrate({ url, schema, logger })
    // Others may be held up for as long as the migration waits for its lock, and no longer.
    const started = performance.now()
    for (let i = 0; i < 3; i++) {
      expect(await eventually(() => Promise.resolve(said.filter((message) => message.includes('in use')).length > i))).toBe(true)
      await queryOnce(url, `select count(*) from ${schema}.events`)
    }
    expect(performance.now() - started).toBeLessThan(60_000)
    await user.rows('rollback')
    await user.close()
    expect(await migration).toMatchObject({ reapplied: true })
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })

  test('a migration gives up after its time with an error that may be tried again', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    await migrate({ url, schema })
    await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
    const user = await AppSession.open(url)
    await user.rows('begin')
    await user.rows(`lock table ${schema}.events in access share mode`)
    await expect(migrate({ url, schema, lockRetryForMs: 500 })).rejects.toMatchObject({
      code: 'CAIRN_TRANSACTION_ROLLED_BACK',
      retryable: true,
    })
    await user.close()
    expect(await migrate({ url, schema })).toMatchObject({ reapplied: true })
  })
})

test('an address that is wrong is told from a database that is away', async () => {
  const url = await freshDatabase()
  await expect(migrate({ url: Object.assign(new URL(url), { password: 'wrong' }).href })).rejects.toMatchObject({ code: '28P01' })
  await expect(migrate({ url: Object.assign(new URL(url), { pathname: '/not_there' }).href })).rejects.toMatchObject({ code: '3D000' })
  await expect(migrate({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
})

describe('migrations that run at the same time', () => {
  test('from four connections end in one schema and one key', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const reports = await Promise.all([1, 2, 3, 4].map(() => migrate({ url, schema })))
    expect(new Set(reports.map(({ contextKey }) => contextKey)).size).toBe(1)
    expect(reports.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    expect(reports.filter(({ reapplied }) => reapplied)).toHaveLength(1)
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })

  test('from four processes likewise', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const outputs = await Promise.all([1, 2, 3, 4].map(() => promisify(execFile)(process.execPath, [program, url, schema])))
    const reports = outputs.map(({ stdout }) => Report.parse(JSON.parse(stdout)))
    expect(new Set(reports.map(({ contextKey }) => contextKey)).size).toBe(1)
    expect(reports.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
    expect(await works(url, schema)).toBe(true)
  })

  test('in several databases of one server, which share the roles, end well in each', async () => {
    const schema = freshSchema()
    const databases = [await freshDatabase(), await freshDatabase(), await freshDatabase(), await freshDatabase()]
    const reports = await Promise.all(databases.map((url) => migrate({ url, schema })))
    expect(new Set(reports.map(({ contextKey }) => contextKey)).size).toBe(4)
    for (const url of databases) expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })
})

describe('a migration that is killed', () => {
  const backends = `select pid, coalesce(wait_event_type, '') as wait from pg_stat_activity where datname = current_database() and application_name = 'cairn migrate'`

  /** Ends the migration's session when it waits for a lock. */
  async function killWhereItWaits(url: string): Promise<void> {
    const waits = async (): Promise<boolean> => (await queryOnce<{ wait: string }>(url, backends)).some(({ wait }) => wait === 'Lock')
    expect(await eventually(waits)).toBe(true)
    await queryOnce(url, `select pg_terminate_backend(pid) from (${backends}) b`)
  }

  test('before it began leaves nothing, and the next one does it all', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const other = await AppSession.open(url)
    await other.rows('select pg_advisory_lock(hashtext($1), hashtext($2))', ['cairn migrate', schema])
    const killed = migrate({ url, schema }).catch((error: unknown) => error)
    await killWhereItWaits(url)
    expect(await killed).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
    await other.close()
    await migrate({ url, schema })
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })

  test('while it applies functions and policies leaves the old ones, and the next one goes on', async () => {
    const url = await freshDatabase()
    const schema = freshSchema()
    const { contextKey } = await migrate({ url, schema })
    await queryOnce(url, `update ${schema}.applied_files set hash = 'of an older version'`)
    const reader = await AppSession.open(url)
    await reader.rows('begin')
    await reader.rows(`lock table ${schema}.reservations in access share mode`)
    const killed = migrate({ url, schema }).catch((error: unknown) => error)
    await killWhereItWaits(url)
    expect(await killed).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    await reader.close()
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
    await expect(works(url, schema)).rejects.toMatchObject({ code: 'CAIRN_SCHEMA_VERSION' })
    expect(await migrate({ url, schema })).toMatchObject({ reapplied: true, contextKey })
    expect(await schemaFacts(url, schema)).toEqual(undisturbed)
  })

  test('at any moment can be run again', async () => {
    const outcomes: unknown[] = []
    for (let polls = 0; polls < 12; polls++) {
      const url = await freshDatabase()
      const schema = freshSchema()
      const killer = await AppSession.open(url)
      const migration = migrate({ url, schema }).then(
        () => 'finished',
        (error: unknown) => (isCairnError(error, 'CAIRN_DATABASE_UNAVAILABLE') ? 'killed' : error),
      )
      let seen = 0
      await eventually(async () => {
        const there = (await killer.rows(backends)).length > 0
        seen += there ? 1 : 0
        return seen > polls || (seen > 0 && !there)
      })
      await killer.rows(`select pg_terminate_backend(pid) from (${backends}) b`)
      outcomes.push(await migration)
      await killer.close()
      await migrate({ url, schema })
      expect(await schemaFacts(url, schema)).toEqual(undisturbed)
    }
    expect(outcomes.filter((outcome) => outcome !== 'finished' && outcome !== 'killed')).toEqual([])
    expect(outcomes.filter((outcome) => outcome === 'killed').length).toBeGreaterThan(2)
  })
})
