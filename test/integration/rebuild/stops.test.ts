import { DatabaseUnavailableError } from '@cairn/core'
import { allRows, defineProjection, rebuild, table, text } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { accountEvents, balances, balancesV2, poisonText, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const good = balances()
const bad = balances({ failsAt: poisonText })
let host: PgProjectionHost
let failing: PgProjectionHost
let writer: Writer
let poison: { readonly id: string; readonly position: number }

beforeAll(async () => {
  host = await openPgHost(database, [good])
  failing = await openPgHost(database, [bad])
  writer = new Writer(host.db)
  await writer.append(600)
  await rebuild(host, { all: true })
  poison = await writer.appendPoison()
  await writer.append(600)
})

afterAll(async () => {
  await writer.drained()
  await host.close()
  await failing.close()
})

const building = async () => (await host.store.generations('account-balance')).find(({ state }) => state === 'building')

async function statusOfBuild() {
  const generation = await building()
  const status = await host.subscriptions.get({ name: 'account-balance', generation: generation?.generation ?? 0 })
  return status?.partitions[0]
}

const parking = (maxWaiting: number) => ({ ...host, projections: [balances({ failsAt: poisonText, maxWaiting })] })

async function asideInBuild() {
  const { parked = 0, waiting = 0 } = (await statusOfBuild()) ?? {}
  return parked + waiting
}

describe('a rebuild that meets an event its handler refuses', () => {
  it('stops there, names the event, and leaves what is live as it was', async () => {
    const before = await visibleRows(database.url, database.schema, good)
    const { outcomes } = await rebuild(failing, { all: true, tuning: { pageSize: 100 } })
    expect(outcomes[0]).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_REBUILD_STOPPED', details: { eventId: poison.id, position: poison.position, type: 'account.booked' } },
    })
    expect(outcomes[0]?.error?.message).toContain('Booking "poison" is refused.')
    expect(await visibleRows(database.url, database.schema, good)).toEqual(before)
  })

  it('has written everything before it, and says in the database why it stopped', async () => {
    const status = await statusOfBuild()
    expect(status).toMatchObject({
      state: 'failed',
      failure: { category: 'CAIRN_REBUILD_STOPPED', eventId: poison.id, position: poison.position },
    })
    expect(status?.checkpoint).toBeGreaterThanOrEqual(poison.position - 1)
    expect(status?.checkpoint).toBeLessThan(poison.position)
  })

  it('stops there again', async () => {
    const { outcomes } = await rebuild(failing, { all: true })
    expect(outcomes[0]).toMatchObject({ status: 'failed', events: 0, error: { details: { eventId: poison.id } } })
  })

  it('goes on at that event once the code is corrected', async () => {
    const stopped = await building()
    const { outcomes } = await rebuild(host, { all: true })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', generation: stopped?.generation, events: 601 })
    expect(await visibleRows(database.url, database.schema, good)).toEqual(await foldedRows(host.reader, good))
  })

  it('does not keep other projections of the same pass from being built', async () => {
    const both = { ...failing, projections: [bad, totals] }
    const { outcomes } = await rebuild(both, { all: true, tuning: { pageSize: 100 } })
    expect(outcomes.map(({ projection, status }) => ({ projection, status }))).toEqual([
      { projection: 'account-balance', status: 'failed' },
      { projection: 'owner-total', status: 'rebuilt' },
    ])
    expect(await visibleRows(database.url, database.schema, totals)).toEqual(await foldedRows(host.reader, totals))
  })
})

describe('a rebuild that is asked to stop', () => {
  it('commits what it has, and the same call goes on from there', async () => {
    const stop = new AbortController()
    const options = { all: true, tuning: { pageSize: 100 } } as const
    const { outcomes } = await rebuild(host, {
      ...options,
      fromScratch: true,
      signal: stop.signal,
      onProgress: ({ events }) => {
        if (events >= 300) stop.abort()
      },
    })
    const [stopped] = outcomes
    expect(stopped?.status).toBe('cancelled')
    expect(stopped?.events).toBeGreaterThanOrEqual(300)
    expect((await statusOfBuild())?.checkpoint).toBe(stopped?.position)

    const again = await rebuild(host, options)
    expect(again.outcomes[0]).toMatchObject({ status: 'rebuilt', generation: stopped?.generation, events: 1_201 - (stopped?.events ?? 0) })
    expect(await visibleRows(database.url, database.schema, good)).toEqual(await foldedRows(host.reader, good))
  })

  it('begins anew when told to begin from scratch', async () => {
    const stop = new AbortController()
    const { outcomes } = await rebuild(host, { all: true, tuning: { pageSize: 100 }, signal: stop.signal, onProgress: () => stop.abort() })
    const again = await rebuild(host, { all: true, fromScratch: true })
    expect(again.outcomes[0]).toMatchObject({ status: 'rebuilt', events: 1_201 })
    expect(again.outcomes[0]?.generation).toBeGreaterThan(outcomes[0]?.generation ?? 0)
  })
})

describe('a rebuild that sets events aside', () => {
  it('stops where more would be set aside than the projection allows, and leaves what is live as it was', async () => {
    const before = await visibleRows(database.url, database.schema, good)
    const { outcomes } = await rebuild(parking(100), { all: true, park: true, fromScratch: true, tuning: { pageSize: 70 } })
    expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_TOO_MANY_PARKED', details: { maxWaiting: 100 } } })
    expect(outcomes[0]?.error?.message).toContain('100 events of its partition are parked or wait behind parked ones')
    expect(await visibleRows(database.url, database.schema, good)).toEqual(before)
    expect(await asideInBuild()).toBeLessThanOrEqual(100)
    expect(await statusOfBuild()).toMatchObject({ state: 'failed', failure: { category: 'CAIRN_TOO_MANY_PARKED' } })
  })

  it('counts what earlier calls set aside', async () => {
    const small = { all: true, park: true, tuning: { pageSize: 7, flushEveryMs: 0 } } as const
    for (let calls = 0; calls < 2; calls++) {
      const { outcomes } = await rebuild(parking(100), small)
      expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_TOO_MANY_PARKED' } })
      expect(await asideInBuild()).toBeGreaterThan(90)
      expect(await asideInBuild()).toBeLessThanOrEqual(100)
    }
    // Where nothing more may be set aside, what waits is no event that fails.
    const { outcomes: strict } = await rebuild(parking(100), { all: true })
    expect(strict[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_TOO_MANY_PARKED' } })
    // One parked, and the 600 behind it.
    const { outcomes } = await rebuild(parking(601), small)
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', parked: 601 })
  })

  it('counts parked events that nothing waits behind', async () => {
    const opened = defineProjection('opened', {
      version: 1,
      events: [accountEvents],
      tables: table({ id: text() }, { key: 'id', readAccess: { '*': allRows } }),
      partitionBy: 'stream',
      maxWaiting: 10,
    }).on({
      'account.opened': () => {
        throw new Error('No account is opened.')
      },
    })
    const { outcomes } = await rebuild({ ...host, projections: [opened] }, { all: true, park: true })
    expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_TOO_MANY_PARKED' } })
    const [generation] = await host.store.generations('opened')
    const status = await host.subscriptions.get({ name: 'opened', generation: generation?.generation ?? 0 })
    expect(status?.partitions).toMatchObject([{ parked: 10, waiting: 0 }])
  })
})

describe('two rebuilds of one projection at once', () => {
  it('are not both done: the second says who holds it', async () => {
    const gate = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const slow = rebuild(
      { ...host, faults: (point) => (point === 'rebuild-caught-up' ? (gate.resolve(), held.promise) : undefined) },
      { all: true, tuning: { leaseMs: 4_000 } },
    )
    await gate.promise
    const second = await rebuild(host, { all: true, tuning: { leaseMs: 4_000 } })
    held.resolve()
    expect(second.outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_REBUILD_HELD' } })
    expect((await slow).outcomes[0]?.status).toBe('rebuilt')
  })
})

describe('a rebuild whose connections are cut again and again', () => {
  it('goes on from its commits, to the same rows', async () => {
    let times = 0
    const cutting = await openPgHost(database, [good], async (point) => {
      if ((point !== 'batch-read' && point !== 'rows-written') || ++times % 4 !== 0 || times > 60) return
      await queryOnce(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      )
    })
    const { outcomes } = await rebuild(cutting, { all: true, fromScratch: true, tuning: { pageSize: 50, flushEveryMs: 0, leaseMs: 600 } })
    await cutting.close()
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt' })
    expect(times).toBeGreaterThan(60)
    expect(await visibleRows(database.url, database.schema, good)).toEqual(await foldedRows(host.reader, good))
  })
})

describe('a rebuild that loses the database between two commits', () => {
  it('counts what it handles a second time once', async () => {
    let pages = 0
    const faults = (point: string): void => {
      if (point === 'batch-read' && ++pages === 4) throw new DatabaseUnavailableError('a test', undefined)
    }
    const seen: number[] = []
    const onProgress = ({ events }: { readonly events: number }): void => void seen.push(events)
    const { outcomes } = await rebuild({ ...host, faults }, { all: true, fromScratch: true, onProgress, tuning: { pageSize: 100 } })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', events: 1_201 })
    expect(Math.max(...seen)).toBe(1_201)
    expect(pages).toBeGreaterThan(13)
  })
})

describe('a rebuild that a newer version overtakes', () => {
  it('does not take its place: readers go on seeing the newer one', async () => {
    const gate = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const older = rebuild(
      { ...host, faults: (point) => (point === 'rebuild-caught-up' ? (gate.resolve(), held.promise) : undefined) },
      { all: true },
    )
    await gate.promise
    const newer = await rebuild({ ...host, projections: [balancesV2] }, { all: true })
    held.resolve()
    expect(newer.outcomes[0]).toMatchObject({ status: 'rebuilt', toVersion: 2 })
    const { outcomes } = await older
    expect(outcomes[0]).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_SUBSCRIPTION_VERSION', details: { version: 1, stored: 2 } },
    })
    expect((await host.store.generations('account-balance')).find(({ state }) => state === 'live')?.version).toBe(2)
    expect(await visibleRows(database.url, database.schema, balancesV2)).toEqual(await foldedRows(host.reader, balancesV2))
    expect(await host.store.rollback('account-balance')).toMatchObject({ version: 1 })
  })
})
