import { BusinessRuleViolation } from '@cairn/core'
import { openPg, PgCommandStore, PgEventStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey, name } = await testDatabase()
const tenantId = 'alpha'
const streamOf = (aggregateId: string) => ({ tenantId, aggregateType: 'thing', aggregateId })
const pidOf = sql.type(z.object({ pid: z.int() }))`select pg_backend_pid() as pid`

const opened: PgDatabase[] = []

async function open(options: { readonly poolSize?: number; readonly acquireTimeoutMs?: number } = {}): Promise<PgDatabase> {
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey, ...options })
  opened.push(db)
  return db
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
})

/** Runs a statement that fails, and hides that it did. */
function hide(connection: { query(query: typeof pidOf): Promise<unknown> }): Promise<unknown> {
  return connection.query(sql.type(z.object({ pid: z.int() }))`select 1 / 0 as pid`).catch(() => 'hidden')
}

/** Takes a connection for a tenant's SQL and keeps it until told. */
async function hold(db: PgDatabase): Promise<{ release(): Promise<void> }> {
  const taken = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const work = withTenant(db, tenantId, async () => {
    taken.resolve()
    await released.promise
  })
  await taken.promise
  return {
    async release() {
      released.resolve()
      await work
    },
  }
}

describe('when all connections for users’ SQL are taken', () => {
  test('a call waits in line for its time, then fails with a typed error that says so', async () => {
    const db = await open({ poolSize: 2, acquireTimeoutMs: 300 })
    const held = [await hold(db), await hold(db)]
    const started = performance.now()
    const exhausted = { code: 'CAIRN_POOL_EXHAUSTED', retryable: true, details: { timeoutMs: 300 } }
    await expect(withTenant(db, tenantId, () => Promise.resolve())).rejects.toMatchObject(exhausted)
    await expect(new PgEventStore(db).transaction(tenantId, () => Promise.resolve())).rejects.toMatchObject(exhausted)
    const waited = performance.now() - started
    expect(waited).toBeGreaterThan(590)
    // Long before anybody gave a connection back, or the limit were that of somebody who sets none.
    expect(waited).toBeLessThan(9_000)
    for (const { release } of held) await release()
    expect(await withTenant(db, tenantId, () => Promise.resolve('served'))).toBe('served')
  })

  test('those in line are served in their order as connections come free', async () => {
    const db = await open({ poolSize: 1, acquireTimeoutMs: 20_000 })
    const first = await hold(db)
    const served: number[] = []
    const line = [1, 2, 3, 4, 5].map((n) => withTenant(db, tenantId, () => Promise.resolve(served.push(n))))
    await first.release()
    await Promise.all(line)
    expect(served).toEqual([1, 2, 3, 4, 5])
  })

  test('work that waits for itself ends, instead of never', async () => {
    const db = await open({ poolSize: 1, acquireTimeoutMs: 300 })
    const nested = withTenant(db, tenantId, () => withTenant(db, tenantId, () => Promise.resolve()))
    await expect(nested).rejects.toMatchObject({ code: 'CAIRN_POOL_EXHAUSTED' })
    expect(await withTenant(db, tenantId, () => Promise.resolve('served'))).toBe('served')
  })

  test('appends and loads go on: they have connections of their own', async () => {
    const db = await open({ poolSize: 1, acquireTimeoutMs: 300 })
    const store = new PgEventStore(db)
    const held = await hold(db)
    await store.append({ stream: streamOf('own'), expected: 'any', events: [markedEvent('x')] })
    expect((await store.load(streamOf('own'))).version).toBeGreaterThan(0)
    await held.release()
    await store.drained()
  })
})

test('look-ups that a lock holds up fill their connections; those behind get the typed error, and all is well when it is gone', async () => {
  const db = await open({ acquireTimeoutMs: 500 })
  const store = new PgEventStore(db)
  const locker = await AppSession.open(url)
  await locker.rows('begin')
  await locker.rows(`lock table ${schema}.streams in access exclusive mode`)
  const rejected: unknown[] = []
  const calls = Array.from({ length: 20 }, () => store.existsAll([streamOf('locked')]).catch((error: unknown) => rejected.push(error)))
  await eventually(() => rejected.length >= 16)
  const rejectedMeanwhile = rejected.slice()
  await locker.rows('rollback')
  await locker.close()
  expect(rejectedMeanwhile).toHaveLength(16)
  for (const error of rejectedMeanwhile) expect(error).toMatchObject({ code: 'CAIRN_POOL_EXHAUSTED', retryable: true })
  expect((await Promise.all(calls)).filter((answer) => answer === false)).toHaveLength(4)
  expect(await store.existsAll([streamOf('locked')])).toBe(false)
})

test('however much is asked at once, the connections are those of the pools and no more', async () => {
  const db = await open({ poolSize: 3, acquireTimeoutMs: 60_000 })
  const store = new PgEventStore(db)
  const commands = new PgCommandStore(db)
  const counted = { most: { app: 0, worker: 0 }, on: true }
  const logins = { app: new URL(appUrl).username, worker: new URL(workerUrl).username }
  const count = async (): Promise<void> => {
    const observer = await AppSession.open(url)
    while (counted.on) {
      const rows = await observer.rows(
        'select usename::text as login, count(*)::int as count from pg_stat_activity where datname = $1 group by 1',
        [name],
      )
      for (const role of ['app', 'worker'] as const) {
        const found = Number(rows.find((row) => row['login'] === logins[role])?.['count'] ?? 0)
        counted.most[role] = Math.max(counted.most[role], found)
      }
    }
    await observer.close()
  }
  const counting = count()
  const metadata = { correlationId: 'x', causationId: 'x', schemaVersion: 1 }
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const stream = streamOf(`crowd-${i % 50}`)
      await store.append({ stream, expected: 'any', events: [markedEvent('x')] })
      await Promise.all([
        store.load(stream),
        store.readAll(),
        store.readAll({ tenantId }),
        store.existsAll([stream]),
        store.append({ stream, expected: 'any', events: [markedEvent('x')] }),
        store.transaction(tenantId, async (tx) => tx.append({ stream, expected: 'any', events: [markedEvent('x')] })),
        withTenant(db, tenantId, (connection) => connection.one(pidOf)),
        commands.upsert({ ...stream, id: crypto.randomUUID(), type: 'thing.change', payload: {}, metadata }),
      ])
    }),
  )
  await store.drained()
  counted.on = false
  await counting
  // log 4, aside 4, read 4, user 3; worker 4.
  expect(counted.most.app).toBeLessThanOrEqual(15)
  expect(counted.most.app).toBeGreaterThanOrEqual(9)
  expect(counted.most.worker).toBeLessThanOrEqual(4)
  expect(counted.most.worker).toBeGreaterThanOrEqual(2)
})

describe('what a user’s work throws', () => {
  const failures: readonly (readonly [title: string, error: unknown])[] = [
    ['a business rule', new BusinessRuleViolation('no')],
    ['an error with a cause', new Error('outer', { cause: new Error('inner') })],
    ['a refused connection to somewhere else', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['a broken connection to somewhere else', new Error('Connection terminated unexpectedly')],
    ['no error at all', 'a text'],
  ]

  test.each(failures)('comes out of withTenant and transaction as it is: %s', async (_, failure) => {
    const db = await open()
    const fail = (): Promise<never> => Promise.reject(failure)
    const caught = [withTenant(db, tenantId, fail), new PgEventStore(db).transaction(tenantId, fail)].map((work) =>
      work.then(
        () => 'resolved',
        (error: unknown) => ({ error }),
      ),
    )
    for (const outcome of await Promise.all(caught)) expect(typeof outcome === 'string' ? outcome : outcome.error).toBe(failure)
  })

  test('an error of its SQL keeps its code, its detail and its cause', async () => {
    const db = await open()
    const error: unknown = await withTenant(db, tenantId, async (connection) => {
      await connection.query(sql.unsafe`create temp table unique_numbers (x int primary key) on commit drop`)
      await connection.query(sql.unsafe`insert into unique_numbers values (1), (1)`)
    }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: expect.any(String), cause: { code: '23505', detail: expect.stringContaining('(x)=(1)') } })
  })

  test('costs no connection', async () => {
    const db = await open({ poolSize: 1 })
    const before = await withTenant(db, tenantId, (connection) => connection.one(pidOf))
    for (let i = 0; i < 3; i++)
      await expect(withTenant(db, tenantId, () => Promise.reject(new BusinessRuleViolation('no')))).rejects.toThrow('no')
    await expect(withTenant(db, tenantId, (connection) => connection.query(sql.unsafe`select 1 / 0`))).rejects.toThrow(/division/)
    expect(await withTenant(db, tenantId, (connection) => connection.one(pidOf))).toEqual(before)
  })

  test('is not lost when the work hides it: a transaction that PostgreSQL rolled back is never reported as done', async () => {
    const db = await open()
    const store = new PgEventStore(db)
    const aborted = expect.objectContaining({ code: '25P02' })
    await expect(withTenant(db, tenantId, (connection) => hide(connection))).rejects.toEqual(aborted)
    const reserving = store.transaction(tenantId, async (tx) => {
      await tx.reserve('scope', 'key')
      await hide(tx.connection)
    })
    await expect(reserving).rejects.toEqual(aborted)
    const appending = store.transaction(tenantId, async (tx) => {
      tx.append({ stream: streamOf('aborted'), expected: 0, events: [markedEvent('x')] })
      await hide(tx.connection)
    })
    await expect(appending).rejects.toEqual(aborted)
    expect(await store.existsAll([streamOf('aborted')])).toBe(false)
    await store.transaction(tenantId, (tx) => tx.reserve('scope', 'key'))
  })
})

test('a session that the server ends is replaced, and only the call it carried knows', async () => {
  const db = await open({ poolSize: 1 })
  const store = new PgEventStore(db)
  await store.append({ stream: streamOf('ended'), expected: 0, events: [markedEvent('x')] })
  const lost = withTenant(db, tenantId, async (connection) => {
    const { pid } = await connection.one(pidOf)
    await queryOnce(url, 'select pg_terminate_backend($1)', [pid])
    await connection.one(pidOf)
  })
  await expect(lost).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
  expect(await withTenant(db, tenantId, () => Promise.resolve('served'))).toBe('served')
  // All that are idle: whoever comes next finds out, and tries again.
  const login = new URL(appUrl).username
  await queryOnce(url, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = $2', [name, login])
  expect(await eventually(async () => (await store.load(streamOf('ended'))).version === 1)).toBe(true)
  await store.append({ stream: streamOf('ended'), expected: 1, events: [markedEvent('x')] })
  expect(await store.existsAll([streamOf('ended')])).toBe(true)
  expect(await withTenant(db, tenantId, () => Promise.resolve('served'))).toBe('served')
  await store.drained()
})
