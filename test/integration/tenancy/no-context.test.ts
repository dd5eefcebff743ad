import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from './support/app-session.ts'
import { relationsIn } from './support/catalog.ts'
import { alpha, bravo, hiddenMark, ownMark, seedTwoTenants } from './support/two-tenants.ts'

const database = await testDatabase()
const { url, appUrl, workerUrl, maintenanceUrl, schema } = database
const tenants = await seedTwoTenants(database)
const relations = (await relationsIn(url, schema)).filter(({ kind }) => kind !== 'sequence')

/** What holds no tenant's rows, and whether the application may ask for all of it ('42501': not, or for some columns only). */
const withoutTenant: Readonly<Record<string, '00000' | '42501'>> = {
  applied_files: '00000',
  changes: '42501',
  command_workers: '42501',
  generations: '42501',
  log_identity: '42501',
  migrations: '00000',
  projections: '42501',
  read_access_log: '42501',
  secret: '42501',
  subscription_leases: '42501',
  subscription_members: '42501',
  subscription_partitions: '42501',
  subscriptions: '00000',
}
const ofTenants = relations.filter(({ name }) => !Object.hasOwn(withoutTenant, name))

let session: AppSession

beforeAll(async () => {
  session = await AppSession.open(appUrl)
})

afterAll(() => session.close())

test('every relation of the schema with rows of tenants says whose they are', () => {
  expect(ofTenants.length).toBeGreaterThanOrEqual(7)
  expect(ofTenants.filter(({ columns }) => !columns.includes('tenant_id'))).toEqual([])
})

test('every table with rows of tenants has row-level security on, and every view uses that of its reader', async () => {
  const superuser = await AppSession.open(url)
  const open = await superuser.rows(
    `select relname::text from pg_class where relnamespace = $1::regnamespace and relname <> all ($2)
        and case relkind when 'r' then not relrowsecurity when 'p' then not relrowsecurity
                         when 'v' then not coalesce('security_invoker=true' = any (reloptions), false)
                         when 'm' then true when 'f' then true else false end`,
    [schema, Object.keys(withoutTenant)],
  )
  await superuser.close()
  expect(open).toEqual([])
})

describe.each(ofTenants.map(({ name, kind }) => [kind, name] as const))('%s %s', (_, name) => {
  test('shows an application without a context no rows', async () => {
    expect(await session.rows(`select * from ${schema}.${name}`)).toEqual([])
  })

  test('shows it the rows of its context’s tenant and no others', async () => {
    await session.rows('begin')
    await session.rows(`select ${schema}.enter_context($1, $2)`, [tenants.contexts.alpha.context, tenants.contexts.alpha.signature])
    const rows = await session.rows(`select * from ${schema}.${name}`)
    await session.rows('rollback')
    expect(new Set(rows.map((row) => row['tenant_id']))).toEqual(new Set([alpha]))
    expect(JSON.stringify(rows)).toContain(ownMark)
  })

  test('shows a background reader the rows of all tenants', async () => {
    const worker = await AppSession.open(workerUrl)
    const rows = await worker.rows(`select * from ${schema}.${name}`)
    await worker.close()
    expect(new Set(rows.map((row) => row['tenant_id']))).toEqual(new Set([alpha, bravo]))
  })

  test('shows the maintenance role nothing', async () => {
    const maintenance = await AppSession.open(maintenanceUrl)
    const state = await maintenance.try(`select * from ${schema}.${name}`)
    await maintenance.close()
    expect(state).toBe('42501')
  })
})

test('what holds no tenant’s rows is open to the application only where it has to know', async () => {
  const states: Record<string, string> = {}
  for (const name of Object.keys(withoutTenant)) states[name] = await session.try(`select * from ${schema}.${name}`)
  expect(states).toEqual(withoutTenant)
  expect(session.seen).not.toContain(hiddenMark)
})

test('the application does not learn for which tenant a side build is', async () => {
  expect(await session.try(`select projection, generation, tables from ${schema}.generations`)).toBe('00000')
  expect(await session.try(`select side_tenant from ${schema}.generations`)).toBe('42501')
})
