import { ChangePumpSource, RealtimePumpBase } from '@cairn/core'
import { openPg, PgChangeLog, unwatchTable, watchTable } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parcel } from '../../support/pumps/pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { insertParcels, pumpDatabase } from './support.ts'

const { database, rig } = await pumpDatabase()
const { url, appUrl, schema } = database
const about = { url, schema: 'public', table: 'parcels', cairnSchema: schema }
let app: AppSession

beforeAll(async () => {
  await insertParcels(url, [parcel('secret')])
  app = await AppSession.open(appUrl)
})
afterAll(() => app.close())

test('the application neither reads nor writes changes, nor any of their functions', async () => {
  const refused: string[] = []
  for (const statement of [
    `select * from ${schema}.changes`,
    `insert into ${schema}.changes (change_id, operation, schema_name, table_name) values (1, 'INSERT', 'x', 'y')`,
    `update ${schema}.changes set new_row = null`,
    `delete from ${schema}.changes`,
    `truncate ${schema}.changes`,
    `select nextval('${schema}.change_positions')`,
    `select ${schema}.read_changes(0, null, 10, 'public', 'parcels', '{INSERT}', null, null, null, 100)`,
    `select ${schema}.change_head()`,
    `select ${schema}.remove_changes(now(), 10)`,
    `select ${schema}.watch_table('public', 'parcels')`,
    `select ${schema}.unwatch_table('public', 'parcels')`,
    `select ${schema}.pending_commands(null, null, null, 10)`,
    `create temp table own (id int); create trigger t after insert on own for each row execute function ${schema}.record_change('public', 'parcels')`,
  ]) {
    refused.push(await app.try(statement))
  }
  expect(refused).toEqual(refused.map(() => '42501'))
  expect(app.seen).not.toContain('secret')
})

test('row-level security is on for changes, and the worker sees them all and changes none', async () => {
  expect(await queryOnce(url, `select relrowsecurity from pg_class where oid = '${schema}.changes'::regclass`)).toEqual([
    { relrowsecurity: true },
  ])
  const worker = await AppSession.open(database.workerUrl)
  expect(await worker.rows(`select tenant_id from ${schema}.changes`)).toEqual([{ tenant_id: 'alpha' }])
  expect(await worker.try(`delete from ${schema}.changes`)).toBe('42501')
  expect(await worker.try(`insert into ${schema}.changes select * from ${schema}.changes`)).toBe('42501')
  await worker.close()
})

test('whoever may write a watched table needs no right on what is Cairn’s', async () => {
  await queryOnce(url, `create role shipper login; grant insert on public.parcels to shipper`)
  await queryOnce(url, `begin; set local role shipper; insert into public.parcels values ('by-shipper', 'beta', 'pending', 1); commit`)
  expect(await queryOnce(url, `select tenant_id from ${schema}.changes where new_row ->> 'id' = 'by-shipper'`)).toEqual([
    { tenant_id: 'beta' },
  ])
  await queryOnce(url, `drop owned by shipper; drop role shipper`)
})

test('a login that does not own the table may not watch it, and is told what it takes', async () => {
  await expect(watchTable({ ...about, url: appUrl })).rejects.toMatchObject({
    code: 'CAIRN_UNSAFE_DATABASE',
    message: expect.stringContaining('_owner'),
  })
})

test('a login that owns the table and is a member of the owner role may, and needs to be nothing more', async () => {
  await queryOnce(
    url,
    `create role depot login password 'd'; grant ${schema}_owner to depot; grant create, usage on schema public to depot`,
  )
  const own = Object.assign(new URL(url), { username: 'depot', password: 'd' }).href
  await queryOnce(own, 'create table public.boxes (id int, tenant_id text)')
  await watchTable({ ...about, url: own, table: 'boxes' })
  await queryOnce(own, `insert into public.boxes values (1, 'alpha')`)
  expect(await queryOnce(url, `select new_row from ${schema}.changes where table_name = 'boxes'`)).toEqual([
    { new_row: { id: 1, tenant_id: 'alpha' } },
  ])
  await unwatchTable({ ...about, url: own, table: 'boxes' })
  await queryOnce(url, `drop table public.boxes; drop owned by depot; drop role depot`)
})

test.each([
  ['no table', { table: 'nothing' }, /there is no table public\.nothing/],
  ['a view', { table: 'parcel_view' }, /there is no table/],
  ['no operations', { operations: [] }, /at least one/],
  ['a table of Cairn’s own', { schema, table: 'changes' }, /Cairn/],
])('%s cannot be watched', async (_, change, message) => {
  await queryOnce(url, 'create or replace view public.parcel_view as select * from public.parcels')
  await expect(watchTable({ ...about, ...change })).rejects.toMatchObject({
    code: 'CAIRN_INVALID_INPUT',
    message: expect.stringMatching(message),
  })
})

test('watching again changes what is recorded, of partitions under their parent’s name, until it is ended', async () => {
  const db = await openPg({ url: appUrl, workerUrl: database.workerUrl, contextKey: database.contextKey, schema })
  const changes = new PgChangeLog(db)
  expect(await changes.watched('public', 'parcels')).toEqual(expect.arrayContaining(['INSERT', 'UPDATE', 'DELETE']))
  await queryOnce(
    url,
    `create table public.letters (id int, tenant_id text) partition by list (id); create table public.letters_1 partition of public.letters for values in (1)`,
  )
  await watchTable({ ...about, table: 'letters', operations: ['UPDATE'] })
  await queryOnce(
    url,
    `insert into public.letters values (1, 'alpha'); update public.letters set tenant_id = 'beta'; delete from public.letters`,
  )
  expect(await queryOnce(url, `select operation, table_name from ${schema}.changes where table_name like 'letters%'`)).toEqual([
    { operation: 'UPDATE', table_name: 'letters' },
  ])
  await watchTable({ ...about, table: 'letters', operations: ['DELETE'] })
  expect(await changes.watched('public', 'letters')).toEqual(['DELETE'])
  await unwatchTable({ ...about, table: 'letters' })
  expect(await changes.watched('public', 'letters')).toEqual([])
  await db.close()
})

test('a pump of a table that is not watched is refused at its start, with what to do', async () => {
  await queryOnce(url, 'create table public.unseen (id int)')
  const { changes, store, hints } = await rig()
  const source = new ChangePumpSource({ changes, store, hints })
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'unseen' } as const
  const pump = new RealtimePumpBase({ channel: 'unseen-pump', eventSpec, processBatch: () => undefined }, { source })
  await expect(pump.start()).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', message: expect.stringContaining('watchTable') })
  expect(pump.status.state).toBe('error')
  await watchTable({ ...about, table: 'unseen' })
  await pump.start()
  expect(pump.status.state).toBe('subscribed')
  await pump.stop()
})
