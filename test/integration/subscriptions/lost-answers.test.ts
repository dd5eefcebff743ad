import { uuidv7 } from '@cairn/core'
import { PgSubscriptionStore, type PgDatabase } from '@cairn/infra/pg'
import { startTcpProxy, type TcpProxy } from '@cairn/testing/services'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { stopFunction } from '../../support/stop-function.ts'
import { backgrounds } from './pg-subscription-stores.ts'
import { newSpec, takeOne } from './support.ts'

const { database, open, bySql, asRows } = await backgrounds()
const { url, workerUrl, schema } = database

let proxy: TcpProxy
let db: PgDatabase

beforeEach(async () => {
  const { hostname, port } = new URL(workerUrl)
  proxy = await startTcpProxy(Number(port), hostname)
  db = await open({ workerUrl: proxy.through(workerUrl), retryForMs: 5_000 })
})

afterEach(async () => {
  await db.close()
  await proxy.stop()
})

async function commitsOf(name: string): Promise<number> {
  const [row] = await queryOnce<{ commits: string }>(url, `select commits from ${schema}.subscription_partitions where name = $1`, [name])
  return Number(row?.commits)
}

describe.each([
  ['subscription', bySql],
  ['projection', asRows],
] as const)('a commit of a %s whose answer is lost', (kind, effects) => {
  test.each([[9], [undefined]])('has taken place once, with the checkpoint %s', async (checkpoint) => {
    const store = new PgSubscriptionStore(db)
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const note = uuidv7()
    const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('COMMIT'))
    await store.commit(lease, { checkpoint }, (tx) => effects.write(tx, note))
    await cut
    expect((await effects.written()).filter((written) => written === note)).toHaveLength(1)
    expect(await commitsOf(spec.key.name)).toBe(1)
    await store.commit(lease, { checkpoint: 10 }, () => Promise.resolve())
    expect(await commitsOf(spec.key.name)).toBe(2)
  })

  test('is an outage, and no failure of its events, where the server stops the question what became of it', async () => {
    const store = new PgSubscriptionStore(db)
    const lease = await takeOne(store, newSpec(kind))
    await store.commit(lease, { checkpoint: 8 }, () => Promise.resolve())
    const start = await stopFunction(database, 'subscription_commits')
    try {
      const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('COMMIT'))
      const outcome = store.commit(lease, { checkpoint: 9 }, () => Promise.resolve()).catch((error: unknown) => error)
      await Promise.race([cut, outcome])
      expect(await outcome).toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    } finally {
      await start()
    }
  })

  test('has taken place where the server is still at it', async () => {
    const store = new PgSubscriptionStore(db)
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    // Carried out by COMMIT, which takes half a second with it.
    const table = `${schema}.subscription_partitions`
    await queryOnce(
      url,
      `create function public.linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$`,
    )
    await queryOnce(
      url,
      `create constraint trigger linger after update on ${table} deferrable initially deferred for each row when (new.name = '${spec.key.name}') execute function public.linger()`,
    )
    try {
      const note = uuidv7()
      let sent = false
      const commit = store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))
      const cut = proxy.cutBeforeAnswer((bytes) => {
        if (!bytes.includes('COMMIT') || sent) return false
        sent = true
        // Long before the answer.
        setTimeout(() => proxy.cutNow(), 100)
        return false
      })
      await commit
      expect(sent).toBe(true)
      expect(await effects.written()).toContain(note)
      expect(await commitsOf(spec.key.name)).toBe(1)
      expect(cut).toBeInstanceOf(Promise)
    } finally {
      await queryOnce(url, `drop trigger linger on ${table}; drop function public.linger`)
    }
  })

  test('has not taken place where it never arrived, and can be done again', async () => {
    const store = new PgSubscriptionStore(db, { faults: (point) => (point === 'checkpoint-written' ? cut() : undefined) })
    let cuts = 1
    const cut = (): void => {
      if (cuts-- > 0) proxy.cutNow()
    }
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const note = uuidv7()
    await expect(store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))).rejects.toMatchObject({
      code: 'CAIRN_DATABASE_UNAVAILABLE',
    })
    expect(await effects.written()).not.toContain(note)
    await store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))
    expect((await effects.written()).filter((written) => written === note)).toHaveLength(1)
    expect(await commitsOf(spec.key.name)).toBe(1)
  })

  test('is the database’s failure, not the effects’, when the connection goes while they run', async () => {
    const store = new PgSubscriptionStore(db)
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const commit = store.commit(lease, { checkpoint: 9 }, async (tx) => {
      await effects.write(tx, uuidv7())
      proxy.cutNow()
      await effects.write(tx, uuidv7())
    })
    await expect(commit).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE' })
    expect(await commitsOf(spec.key.name)).toBe(0)
  })
})

test('a commit without effects whose answer is lost is sent again, and takes place once', async () => {
  const store = new PgSubscriptionStore(db)
  const spec = newSpec()
  const lease = await takeOne(store, spec)
  const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('subscription_commit'))
  await store.commit(lease, { checkpoint: 9, unpark: [1] })
  await cut
  expect(await commitsOf(spec.key.name)).toBe(1)
  await store.commit(lease, { checkpoint: 10 })
  expect(await commitsOf(spec.key.name)).toBe(2)
})

test('a take whose answer is lost is the taker’s', async () => {
  const store = new PgSubscriptionStore(db)
  const spec = newSpec()
  await store.register(spec)
  const cut = proxy.cutBeforeAnswer((bytes) => bytes.includes('subscription_take'))
  const lease = await takeOne(store, spec)
  await cut
  await store.commit(lease, { checkpoint: 1 })
  expect(await commitsOf(spec.key.name)).toBe(1)
})

test('a failure of the effects that looks like a lost connection is theirs', async () => {
  const store = new PgSubscriptionStore(db)
  const spec = newSpec()
  const lease = await takeOne(store, spec)
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:25'), { code: 'ECONNREFUSED' })
  await expect(store.commit(lease, { checkpoint: 9 }, () => Promise.reject(refused))).rejects.toBe(refused)
  await store.commit(lease, { checkpoint: 9 })
})

test('effects that hide a failed statement store nothing', async () => {
  const store = new PgSubscriptionStore(db)
  const spec = newSpec('projection')
  const lease = await takeOne(store, spec)
  const note = uuidv7()
  const commit = store.commit(lease, { checkpoint: 9 }, async (tx) => {
    await asRows.write(tx, note)
    await tx.rows
      .load({ name: 'no_such_table', model: { name: 'x', columns: [], key: [], indexes: [], readAccess: undefined } }, [
        { tenantId: 't', key: [] },
      ])
      .catch(() => undefined)
  })
  await expect(commit).rejects.toThrow(/current transaction is aborted/)
  expect(await asRows.written()).not.toContain(note)
  expect(await commitsOf(spec.key.name)).toBe(0)
})
