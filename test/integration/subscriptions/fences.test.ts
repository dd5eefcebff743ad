import { setTimeout as sleep } from 'node:timers/promises'
import { isCairnError, uuidv7 } from '@cairn/core'
import { PgSubscriptionStore, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { backgrounds } from './pg-subscription-stores.ts'
import { longLeaseMs, memberOf, newSpec, stop, takeOne } from './support.ts'

const { database, open, bySql, asRows } = await backgrounds()
const { url } = database
let own: PgDatabase
let others: PgDatabase
let rival: PgSubscriptionStore

beforeAll(async () => {
  own = await open()
  others = await open()
  rival = new PgSubscriptionStore(others)
})

afterAll(() => Promise.all([own.close(), others.close()]))

/** Sessions of the workers that sit in a transaction. */
async function idleTransactions(): Promise<number> {
  const rows = await queryOnce(url, `select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`)
  return rows.length
}

describe.each([
  ['subscription', bySql],
  ['projection', asRows],
] as const)('a commit of a %s that is held up', (kind, effects) => {
  const points = ['commit-begun', 'rows-written'] as const

  test.each(points)('at %s stores nothing once somebody took its partition over', async (point) => {
    const held = stop()
    const store = new PgSubscriptionStore(own, { faults: (at) => (at === point ? held.here() : undefined) })
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const note = uuidv7()
    const commit = store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))
    await Promise.race([held.reached, commit])
    // The fence is raised under it, while its session lives: only the checkpoint's UPDATE can notice.
    await rival.control(spec.key, 'paused')
    await rival.reset(spec.key, 3)
    held.letGo()
    await expect(commit).rejects.toMatchObject({ code: 'CAIRN_LEASE_LOST' })
    expect((await rival.get(spec.key))?.partitions).toMatchObject([{ checkpoint: 3 }])
    expect(await effects.written()).not.toContain(note)
    expect(await idleTransactions()).toBe(0)
  })

  test.each([...points, 'checkpoint-written'] as const)(
    'at %s for longer than its lease is thrown out of the database, and keeps nobody waiting',
    async (point) => {
      const held = stop()
      const store = new PgSubscriptionStore(own, { faults: (at) => (at === point ? held.here() : undefined) })
      const spec = newSpec(kind)
      const lease = await takeOne(store, spec, 1_500)
      const note = uuidv7()
      const commit = store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))
      const refused = commit.then(
        () => 'committed',
        (error: unknown) => (isCairnError(error) ? error.code : error),
      )
      await Promise.race([held.reached, commit])
      const taken = { checkpoint: -1 }
      const takeOver = async (): Promise<boolean> => {
        const now = await rival.take(spec.key, 0, uuidv7(), spec.fingerprint, longLeaseMs)
        if (now === undefined) return false
        taken.checkpoint = now.checkpoint
        await rival.commit(now.lease, { checkpoint: 5 })
        return true
      }
      expect(await eventually(takeOver)).toBe(true)
      expect(taken.checkpoint).toBe(0)
      held.letGo()
      // The second: its session ended before anybody took the partition.
      expect(['CAIRN_LEASE_LOST', 'CAIRN_IDLE_COMMIT']).toContain(await refused)
      expect((await rival.get(spec.key))?.partitions).toMatchObject([{ checkpoint: 5 }])
      expect(await effects.written()).not.toContain(note)
      expect(await idleTransactions()).toBe(0)
    },
  )

  test('behind its last statement ends before somebody else begins', async () => {
    const held = stop()
    const store = new PgSubscriptionStore(own, { faults: (at) => (at === 'checkpoint-written' ? held.here() : undefined) })
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const note = uuidv7()
    const commit = store.commit(lease, { checkpoint: 9 }, (tx) => effects.write(tx, note))
    await Promise.race([held.reached, commit])
    // Its lease runs out, its session lives on.
    await rival.heartbeat(memberOf(spec), [lease], 1)
    const took = rival.take(spec.key, 0, uuidv7(), spec.fingerprint, longLeaseMs)
    const waiting = await eventually(async () => {
      const rows = await queryOnce(url, `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
      return rows.length > 0
    })
    expect(waiting).toBe(true)
    held.letGo()
    await commit
    expect(await took).toMatchObject({ checkpoint: 9 })
    expect(await effects.written()).toContain(note)
  })

  test('behind its last statement is waited for no longer than a part of a lease', async () => {
    const held = stop()
    const store = new PgSubscriptionStore(own, { faults: (at) => (at === 'checkpoint-written' ? held.here() : undefined) })
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const commit = store.commit(lease, { checkpoint: 9 }, () => Promise.resolve())
    await Promise.race([held.reached, commit])
    await rival.heartbeat(memberOf(spec), [lease], 1)
    expect(await rival.take(spec.key, 0, uuidv7(), spec.fingerprint, 400)).toBeUndefined()
    held.letGo()
    await commit
    expect(await rival.take(spec.key, 0, uuidv7(), spec.fingerprint, 400)).toMatchObject({ checkpoint: 9 })
  })

  test('keeps no heartbeat waiting, its own or another’s', async () => {
    const held = stop()
    const store = new PgSubscriptionStore(own, { faults: (at) => (at === 'checkpoint-written' ? held.here() : undefined) })
    const spec = newSpec(kind)
    const lease = await takeOne(store, spec)
    const commit = store.commit(lease, { checkpoint: 9 }, () => Promise.resolve())
    await Promise.race([held.reached, commit])
    for (const one of [store, rival]) expect((await one.heartbeat(memberOf(spec), [lease], longLeaseMs)).renewed).toEqual([lease])
    expect((await rival.get(spec.key))?.partitions).toMatchObject([{ checkpoint: 0, owner: lease.owner }])
    held.letGo()
    await commit
  })
})

/** A commit whose session was ended while its handler runs on. */
async function cutOff() {
  const store = new PgSubscriptionStore(own)
  const spec = newSpec()
  const lease = await takeOne(store, spec)
  await store.heartbeat(memberOf(spec), [lease], 1_500)
  const note = uuidv7()
  const slow = stop()
  const commit = store.commit(lease, { checkpoint: 9 }, async (tx) => {
    await bySql.write(tx, note)
    await slow.here()
  })
  await Promise.race([slow.reached, commit])
  expect(await eventually(async () => (await idleTransactions()) === 0)).toBe(true)
  return { store, spec, lease, note, slow, commit }
}

describe('a handler that leaves its transaction idle for longer than its lease', () => {
  test('is told so while it still holds the partition, once it is through', async () => {
    const { store, lease, note, slow, commit } = await cutOff()
    let settled = false
    const outcome = commit.catch((error: unknown) => {
      settled = true
      throw error
    })
    // Not before: it would be called again while it still runs.
    expect(await eventually(() => settled, 300)).toBe(false)
    slow.letGo()
    await expect(outcome).rejects.toMatchObject({ code: 'CAIRN_IDLE_COMMIT', details: { idleMs: 1_500 } })
    expect(await bySql.written()).not.toContain(note)
    await store.commit(lease, { checkpoint: 9 }, (tx) => bySql.write(tx, note))
    expect(await bySql.written()).toContain(note)
  })

  test('is told that its lease is lost where somebody took the partition over', async () => {
    const { spec, note, slow, commit } = await cutOff()
    const taken = await eventually(async () => (await rival.take(spec.key, 0, uuidv7(), spec.fingerprint, longLeaseMs)) !== undefined)
    expect(taken).toBe(true)
    slow.letGo()
    await expect(commit).rejects.toMatchObject({ code: 'CAIRN_LEASE_LOST' })
    expect(await bySql.written()).not.toContain(note)
  })
})

test('of many that take one partition from each other, each commit is of the one that has it', async () => {
  const spec = newSpec()
  const stores = [new PgSubscriptionStore(own), rival]
  await rival.register(spec)
  const committed: number[] = []
  const refused: unknown[] = []
  const contend = async (n: number): Promise<void> => {
    const store = stores[n % 2] ?? rival
    while (committed.length < 40) {
      const taken = await store.take(spec.key, 0, `owner ${n}`, spec.fingerprint, 20)
      if (taken === undefined) continue
      const next = taken.checkpoint + 1
      try {
        await store.commit(taken.lease, { checkpoint: next }, () => (n % 3 === 0 ? sleep(25) : Promise.resolve()))
        committed.push(next)
      } catch (error) {
        refused.push(isCairnError(error) ? error.code : error)
      }
    }
  }
  await Promise.all([0, 1, 2, 3, 4, 5].map(contend))
  // Nothing was committed twice, and nothing was lost.
  expect(committed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: committed.length }, (_, i) => i + 1))
  expect((await rival.get(spec.key))?.partitions).toMatchObject([{ checkpoint: committed.length }])
  // Some slept through their lease. All but the first: their session ended, or gave up, before anybody took the partition.
  expect(refused.length).toBeGreaterThan(0)
  const expected = ['CAIRN_LEASE_LOST', 'CAIRN_IDLE_COMMIT', 'CAIRN_DATABASE_UNAVAILABLE', 'CAIRN_TRANSACTION_ROLLED_BACK']
  expect(refused.filter((code) => !expected.includes(String(code)))).toEqual([])
})
