import { randomUUID } from 'node:crypto'
import { openPg, PgCommandStore, PgEventStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'
import { rawStatement } from './support/raw-statement.ts'
import { clean, sessionState, statesOf } from './support/session-state.ts'

const { appUrl, workerUrl, url, schema, contextKey } = await testDatabase()
const tenantId = 'alpha'
const streamOf = (aggregateId: string, tenant = tenantId) => ({ tenantId: tenant, aggregateType: 'thing', aggregateId })

let db: PgDatabase

beforeAll(async () => {
  db = await openPg({ url: appUrl, workerUrl, schema, contextKey, poolSize: 1, holdTimeoutMs: 5_000 })
})

afterAll(() => db.close())

/** Every call that the stores have, alone, in crowds, and refused. */
async function mixedWorkload(): Promise<void> {
  const store = new PgEventStore(db)
  const commands = new PgCommandStore(db)
  const hash = 'ab'.repeat(32)
  for (let round = 0; round < 8; round++) {
    const at = `${round}`
    const append = (id: string, tenant?: string) =>
      store.append({ stream: streamOf(id, tenant), expected: 'any', events: [markedEvent('x')] })
    await append(at)
    await Promise.all(Array.from({ length: 60 }, (_, i) => append(`${at}-${i}`, `tenant-${i % 7}`)))
    const command = { id: randomUUID(), hash }
    const snapshot = { version: 2, schemaVersion: 1, state: { round } }
    for (let times = 0; times < 2; times++)
      await store.append({ stream: streamOf(at), expected: 1, events: [markedEvent('x')], command, snapshot })
    await expect(store.append({ stream: streamOf(at), expected: 7, events: [markedEvent('x')] })).rejects.toThrow(/version 2/)
    await Promise.all(Array.from({ length: 30 }, () => store.load(streamOf(at))))
    for await (const event of store.readStream(streamOf(at))) expect(event.version).toBeLessThan(3)
    await store.readAll()
    await store.readAll({ tenantId })
    await store.query({ tenantId, userId: 'x' })
    await store.countByType(tenantId)
    await store.existsAll([streamOf(at)])
    await store.resultOf(tenantId, command)
    await store.transaction(tenantId, async (tx) => {
      await tx.reserve('scope', at)
      tx.append({ stream: streamOf(at), expected: 2, events: [markedEvent('x')] })
    })
    await store.close(streamOf(at))
    const metadata = { correlationId: 'x', causationId: 'x', schemaVersion: 1 }
    const id = randomUUID()
    await commands.upsert({ ...streamOf(at), id, type: 'thing.change', payload: {}, metadata })
    await commands.claim(tenantId, 5)
    await commands.markStatus(tenantId, id, { status: 'processed' })
    await commands.query({ tenantId })
    await commands.delete(tenantId, id)
    await heldStream(store, `held-${round}`)
  }
  await store.drained()
}

/** Appends that meet a stream somebody else holds: these wait aside, with a lock_timeout. */
async function heldStream(store: PgEventStore, id: string): Promise<void> {
  await store.append({ stream: streamOf(id), expected: 0, events: [markedEvent('x')] })
  const holder = await AppSession.open(url)
  await holder.rows('begin')
  await holder.rows(`select 1 from ${schema}.streams where aggregate_id = $1 for update`, [id])
  const waiting = store.append({ stream: streamOf(id), expected: 'any', events: [markedEvent('x')] })
  // Until it waits for the row: only then is it aside.
  const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%append_one%'`
  expect(await eventually(async () => (await queryOnce(url, waits)).length > 0)).toBe(true)
  await holder.rows('rollback')
  await waiting
  await holder.close()
}

describe('Cairn’s own pools', () => {
  test('never set session state: after a mixed workload every connection remembers nothing but its prepared statements', async () => {
    await mixedWorkload()
    const login = new URL(appUrl).username
    const states = [...(await statesOf(db.pools.log, 4)), ...(await statesOf(db.pools.aside, 4)), ...(await statesOf(db.pools.read, 4))]
    expect(new Set(states.map(({ pid }) => pid)).size).toBe(12)
    for (const state of states) {
      expect(state).toMatchObject({ ...clean, user: login })
      expect(state.prepared.length).toBeLessThan(15)
      expect(state.prepared.filter((name) => !name.startsWith(`${schema}_`))).toEqual([])
    }
    expect(states.flatMap(({ prepared }) => prepared)).toContain(`${schema}_append_many`)
    for (const state of await statesOf(db.pools.worker, 2)) expect(state).toMatchObject({ ...clean, user: new URL(workerUrl).username })
  })

  test('would be found out if they did (the control)', async () => {
    await db.pools.read.connect((connection) => connection.query(sql.unsafe`select set_config('work_mem', '4321kB', false)`))
    const states = await statesOf(db.pools.read, 4)
    expect(states.flatMap(({ settings }) => settings)).toEqual(['work_mem=4321'])
    await db.pools.read.connect((connection) => connection.query(sql.unsafe`select set_config('work_mem', '4321kB', true)`))
  })
})

describe('a connection that was lent to one tenant’s SQL', () => {
  const traces = [
    `set work_mem = '4321kB'`,
    `set search_path = pg_temp`,
    `set session characteristics as transaction isolation level serializable`,
    `set row_security = off`,
    `set default_transaction_read_only = on`,
    `set cairn.context = '{"","","alpha"}'`,
    `set cairn.signature = 'kept'`,
    `create temp table left_behind (x int)`,
    `create temp view left_view as select * from left_behind`,
    `create function pg_temp.left_function() returns int language sql as 'select 1'`,
    `listen left_channel`,
    `select pg_advisory_lock(4711)`,
    `declare left_cursor cursor with hold for select 1`,
    `prepare left_statement as select 1`,
  ]
  /** What Cairn sets for each of these transactions itself, and what ends with it. */
  const ofTheTransaction = ['idle_in_transaction_session_timeout=5000']
  const leave = async (tenant: string, end: 'returns' | 'throws' | 'commits by itself'): Promise<number> => {
    let pid = 0
    const work = withTenant(db, tenant, async (connection) => {
      for (const trace of traces) await connection.query(rawStatement(trace))
      const state = await sessionState(connection)
      expect(state).toMatchObject({ temporary: ['left_behind', 'left_function', 'left_view'], cursors: ['left_cursor'], advisoryLocks: 1 })
      expect(state.settings).toHaveLength(5 + ofTheTransaction.length)
      pid = state.pid
      if (end === 'commits by itself') await connection.query(sql.unsafe`commit`)
      if (end === 'throws') throw new Error('the work failed')
    })
    expect(await work.catch((error: unknown) => error)).toEqual(end === 'throws' ? new Error('the work failed') : undefined)
    return pid
  }

  test.each(['returns', 'throws', 'commits by itself'] as const)('comes to the next without a trace when the work %s', async (end) => {
    const pid = await leave('alpha', end)
    const next = await withTenant(db, 'bravo', (connection) => sessionState(connection))
    expect(next).toMatchObject({
      ...clean,
      settings: ofTheTransaction,
      pid,
      user: new URL(appUrl).username,
      context: expect.stringMatching(/^\{"","","bravo"\}[0-9a-f]{64}$/),
      prepared: [],
    })
  })

  test('takes Cairn’s own transactions afterwards', async () => {
    await leave('alpha', 'commits by itself')
    const store = new PgEventStore(db)
    await store.transaction('bravo', async (tx) =>
      tx.append({ stream: streamOf('after', 'bravo'), expected: 0, events: [markedEvent('x')] }),
    )
    await store.drained()
    expect(await store.load(streamOf('after', 'bravo'))).toMatchObject({ version: 1 })
  })

  test('is again in the application’s role where one login switches roles', async () => {
    const switching = await openPg({ url, schema, roles: 'switch', poolSize: 1 })
    const escape = (): Promise<string> =>
      withTenant(switching, 'alpha', async (connection) => {
        const { user } = await sessionState(connection)
        await connection.query(sql.unsafe`reset role`)
        await connection.query(sql.unsafe`set session authorization default`)
        return user
      })
    expect([await escape(), await escape(), await escape()]).toEqual(Array(3).fill(`${schema}_app`))
    await switching.close()
  })
})
