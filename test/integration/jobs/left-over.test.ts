import { silentLogger, uuidv7, type LogFields, type LoggerPort } from '@cairn/core'
import { LostJobsError } from '@cairn/infra/jobs'
import { openPg, PgCommandStore, PgDueCommands } from '@cairn/infra/pg'
import { counterCommands } from '@cairn/testing/contracts'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from '../processes/support/pg-stores.ts'
import { startBoss, type BossRigOptions, type RiggedBoss } from './support/boss-rig.ts'
import { added, givenCommands } from './support/given-commands.ts'

const pg = await pgStores()
const { url, schema } = pg.database
const jobs = `${schema}_jobs`
const owner = `pg-boss ${jobs}.commands`
const { add } = counterCommands

async function boss(options: BossRigOptions = {}): Promise<RiggedBoss> {
  const running = await startBoss(await pg.open(), { ownerUrl: url, ...options })
  onTestFinished(() => running.stop())
  return running
}

// What one test leaves over is not handed over in the middle of the next.
afterEach(() => queryOnce(url, `delete from ${schema}.commands`))

/** As if they had been handed over long ago. */
const handedOver = (tenantId: string): Promise<unknown> =>
  queryOnce(
    url,
    `update ${schema}.commands set status = 'consumed', owner = $2, attempts = 1, updated_at = now() - interval '1 minute' where tenant_id = $1`,
    [tenantId, owner],
  )

/** The schema of the jobs, without anybody who works on them. */
async function installed(): Promise<void> {
  const one = await startBoss(await pg.open(), { ownerUrl: url })
  await one.stop()
}

test('commands whose job is gone are given back and carried out, in order', async () => {
  const tenantId = uuidv7()
  const stores = await pg.open()
  await installed()
  const given = await givenCommands(stores, tenantId, [add({ counterId: 'c', n: 1 }), add({ counterId: 'c', n: 2 })])
  await handedOver(tenantId)
  const { rig } = await boss()
  for (const { id } of given) expect(await rig.wait(id, tenantId)).toMatchObject({ status: 'processed', attempts: 2 })
  expect(await added(rig, tenantId, 'c')).toEqual([1, 2])
})

test('a job that somebody had fail for good does not keep its aggregate from being worked on', async () => {
  const tenantId = uuidv7()
  const stores = await pg.open()
  await installed()
  const given = await givenCommands(stores, tenantId, [add({ counterId: 'c', n: 1 }), add({ counterId: 'c', n: 2 })])
  await handedOver(tenantId)
  await queryOnce(
    url,
    `insert into ${jobs}.job (name, data, state, policy, singleton_key) values ('commands', $1, 'failed', 'key_strict_fifo', $2)`,
    [JSON.stringify({ tenantId, commandIds: given.map(({ id }) => id) }), `${tenantId}/counter/c`],
  )
  const { rig } = await boss()
  for (const { id } of given) expect(await rig.wait(id, tenantId)).toMatchObject({ status: 'processed' })
  expect(await added(rig, tenantId, 'c')).toEqual([1, 2])
})

test('what a job waits for is no orphan, whatever signs are in its names', async () => {
  const tenantId = `a/b%2F ${uuidv7()}`
  const stores = await pg.open()
  const due = new Date(Date.now() + 3_600_000)
  await installed()
  const given = await givenCommands(stores, tenantId, [add({ counterId: '%/25', n: 1 })])
  // One that was handed over by the scheduler itself, and that nobody works on: its job is not due.
  const { rig, stop } = await boss({ pollMs: 60_000, workers: 1 })
  for (const { id } of given) await rig.wait(id, tenantId)
  await stop()
  const [job] = await queryOnce<{ key: string }>(url, `select singleton_key as key from ${jobs}.job where data ->> 'tenantId' = $1`, [
    tenantId,
  ])
  await queryOnce(
    url,
    `insert into ${jobs}.job (name, data, policy, singleton_key, start_after) values ('commands', '{}', 'key_strict_fifo', $1, $2)`,
    [job?.key, due],
  )
  await handedOver(tenantId)
  const sweep = `select ${schema}.give_back_orphans($1, $2, 'commands', 1000) as given`
  expect(await queryOnce(url, sweep, [owner, jobs])).toEqual([{ given: 0 }])
  await queryOnce(url, `delete from ${jobs}.job where singleton_key = $1`, [job?.key])
  expect(await queryOnce(url, sweep, [owner, jobs])).toEqual([{ given: 1 }])
})

test('the sweep touches no schema but the owner’s own', async () => {
  await queryOnce(url, 'create schema trap')
  await queryOnce(url, 'create table trap.job (name text, state text, singleton_key text)')
  await queryOnce(url, 'grant all on schema trap to public')
  await queryOnce(url, 'grant all on trap.job to public')
  const sweep = `select ${schema}.give_back_orphans($1, 'trap', 'commands', 0)`
  await expect(queryOnce(url, sweep, [owner])).rejects.toMatchObject({ code: '42501' })
})

test('a queue that is gone takes no commands with it: they stay pending, and are carried out when it is back', async () => {
  const tenantId = uuidv7()
  const lost = Promise.withResolvers<unknown>()
  const warn = (_: string, fields?: LogFields): void => {
    if (fields?.error instanceof LostJobsError) lost.resolve(fields.error)
  }
  const logger: LoggerPort = { ...silentLogger, warn, child: () => logger }
  const one = await boss({ logger })
  await queryOnce(url, `delete from ${jobs}.job where name = 'commands'`)
  await queryOnce(url, `delete from ${jobs}.queue where name = 'commands'`)
  const [given] = await givenCommands(one.stores, tenantId, [add({ counterId: 'c', n: 1 })])
  expect(await lost.promise).toMatchObject({ code: 'CAIRN_LOST_JOBS', message: expect.stringContaining('Of 1 jobs pg-boss inserted 0') })
  expect(await one.stores.commands.getById(tenantId, given?.id ?? '')).toMatchObject({ status: 'pending', attempts: 0 })
  await one.stop()
  const other = await boss()
  expect(await other.rig.wait(given?.id ?? '', tenantId)).toMatchObject({ status: 'processed', attempts: 1 })
})

test('rows and jobs are handed over in one transaction: where it does not commit, there is neither', async () => {
  const tenantId = uuidv7()
  await installed()
  // Fails the COMMIT, when the jobs are inserted.
  await queryOnce(
    url,
    `create function ${schema}.refuse_it() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$`,
  )
  await queryOnce(
    url,
    `create constraint trigger refuse_it after update on ${schema}.commands deferrable initially deferred for each row
       when (new.status = 'consumed' and new.tenant_id = '${tenantId}') execute function ${schema}.refuse_it()`,
  )
  const refused = Promise.withResolvers<void>()
  const warn = (_: string, fields?: LogFields): void => {
    if (String(fields?.error).includes('not now')) refused.resolve()
  }
  const logger: LoggerPort = { ...silentLogger, warn, child: () => logger }
  const { rig, stores } = await boss({ logger })
  const [given] = await givenCommands(stores, tenantId, [add({ counterId: 'c', n: 1 })])
  await refused.promise
  const jobsOf = `select count(*)::int as n from ${jobs}.job where data ->> 'tenantId' = $1`
  expect(await queryOnce(url, jobsOf, [tenantId])).toEqual([{ n: 0 }])
  expect(await stores.commands.getById(tenantId, given?.id ?? '')).toMatchObject({ status: 'pending', attempts: 0 })
  await queryOnce(url, `drop trigger refuse_it on ${schema}.commands`)
  expect(await rig.wait(given?.id ?? '', tenantId, 60_000)).toMatchObject({ status: 'processed', attempts: 1 })
  expect(await queryOnce(url, jobsOf, [tenantId])).toEqual([{ n: 1 }])
})

test('when the scheduler is given up for a command worker, that one gets what was handed over', async () => {
  const tenantId = uuidv7()
  const one = await boss({ leaseMs: 1_000 })
  await one.stop()
  const [given] = await givenCommands(one.stores, tenantId, [add({ counterId: 'c', n: 1 })])
  await handedOver(tenantId)
  const worker = one.rig.work()
  onTestFinished(() => worker.stop())
  expect(await one.rig.wait(given?.id ?? '', tenantId)).toMatchObject({ status: 'processed', attempts: 2 })
})

test('a process that does not know a type leaves it to one that does', async () => {
  const tenantId = uuidv7()
  const stores = await pg.open()
  const made = Array.from({ length: 100 }, (_, n) => add({ counterId: `c${n}`, n }))
  const given = await givenCommands(stores, tenantId, made)
  await boss({ domains: [] })
  // It hands them over, and has hands for few of them.
  const knows = await boss({ workers: 1, batchSize: 2 })
  for (const { id } of given) expect(await knows.rig.wait(id, tenantId, 60_000)).toMatchObject({ status: 'processed', attempts: 1 })
})

test('only the worker role may touch the jobs, and a login that may not make their schema says what is missing', async () => {
  await installed()
  const { appUrl, workerUrl, contextKey } = pg.database
  await expect(queryOnce(appUrl, `select 1 from ${jobs}.job`)).rejects.toMatchObject({ code: '42501' })
  await expect(queryOnce(appUrl, `select ${jobs}.job_now()`)).rejects.toMatchObject({ code: '42501' })
  expect(await queryOnce(workerUrl, `select count(*)::int as n from ${jobs}.queue`)).toEqual([{ n: 1 }])
  const db = await openPg({ url: appUrl, workerUrl, contextKey, schema })
  onTestFinished(() => db.close())
  const stores = { ...(await pg.open()), db, commands: new PgCommandStore(db), due: new PgDueCommands(db) }
  await expect(startBoss(stores, { schema: 'not_there' })).rejects.toMatchObject({
    code: 'CAIRN_SCHEMA_VERSION',
    message: expect.stringMatching(/"not_there" of the jobs is not ready: pg-boss is not installed.*CAIRN_OWNER_URL/),
  })
})

test('one powerful login serves all: each connection takes its role', async () => {
  const tenantId = uuidv7()
  const db = await openPg({ url, roles: 'switch', schema })
  onTestFinished(() => db.close())
  const stores = { ...(await pg.open()), db, commands: new PgCommandStore(db), due: new PgDueCommands(db) }
  const { scheduler, stop } = await startBoss(stores, { schema: 'other_jobs' })
  onTestFinished(() => stop())
  const [given] = await givenCommands(stores, tenantId, [add({ counterId: 'c', n: 1 })])
  if (given === undefined) throw new Error('Nothing was given.')
  expect(await scheduler.schedule(given)).toMatchObject({ status: 'processed' })
  const [tables] = await queryOnce<{ owner: string }>(
    url,
    "select tableowner::text as owner from pg_tables where schemaname = 'other_jobs' limit 1",
  )
  expect(tables?.owner).toBe(`${schema}_owner`)
})
