import { rebuild, type RebuildPlan, type RebuildProgress } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { balances, balancesV2, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const version1 = balances()
let host: PgProjectionHost
let newer: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [version1, totals])
  newer = await openPgHost(database, [balancesV2, totals])
  writer = new Writer(host.db)
  await writer.append(2_000)
})

afterAll(async () => {
  await writer.drained()
  await host.close()
  await newer.close()
})

const states = async (projection: string) =>
  (await host.store.generations(projection)).map(({ generation, version, state }) => ({ generation, version, state }))

describe('a rebuild', () => {
  it('says what it would do and does nothing in a dry run', async () => {
    const plans: RebuildPlan[] = []
    const { outcomes } = await rebuild(host, { all: true, dryRun: true, onPlan: (planned) => plans.push(...planned) })
    expect(outcomes.map(({ projection, status }) => ({ projection, status }))).toEqual([
      { projection: 'account-balance', status: 'planned' },
      { projection: 'owner-total', status: 'planned' },
    ])
    expect(plans[0]).toMatchObject({ fromVersion: undefined, toVersion: 1, startAfter: 0, strategy: { kind: 'new' } })
    expect(plans[0]?.eventsAtMost).toBeGreaterThanOrEqual(2_000)
    expect(await host.store.generations()).toEqual([])
  })

  it('builds several projections in one pass over the log, each equal to a fold of the log', async () => {
    const before = await host.reader.head()
    const reads: number[] = []
    const reader = { ...host.reader, read: host.reader.read.bind(host.reader), head: host.reader.head.bind(host.reader) }
    const counted = {
      ...host,
      reader: { ...reader, read: (options: Parameters<typeof reader.read>[0]) => (reads.push(options.after), reader.read(options)) },
    }
    const progress: RebuildProgress[] = []
    const { outcomes } = await rebuild(
      { ...counted, reader: { ...counted.reader, logId: () => host.reader.logId(), positionAt: (time) => host.reader.positionAt(time) } },
      {
        all: true,
        tuning: { pageSize: 100 },
        onProgress: (one) => progress.push(one),
      },
    )
    expect(outcomes.map(({ projection, status, events, parked }) => ({ projection, status, events, parked }))).toEqual([
      { projection: 'account-balance', status: 'rebuilt', events: 2_000, parked: 0 },
      { projection: 'owner-total', status: 'rebuilt', events: 2_000, parked: 0 },
    ])
    // Everything below the head at the start was read once; each projection then looks for what came meanwhile.
    expect(reads.filter((after) => after > 0 && after < before.horizon - 100).length).toBeLessThanOrEqual(25)
    for (const definition of [version1, totals]) {
      expect(await visibleRows(database.url, database.schema, definition)).toEqual(await foldedRows(host.reader, definition))
    }
    expect(new Set(progress.map(({ phase }) => phase))).toEqual(new Set(['building', 'catching-up', 'verifying', 'switching', 'done']))
    expect(outcomes[0]?.tables).toEqual([{ table: 'account_balance', rows: 40 }])
  })

  it('announces and makes added, removed and retyped columns, and keeps the old version for a rollback', async () => {
    const plans: RebuildPlan[] = []
    const { outcomes } = await rebuild(newer, { names: ['account-balance'], onPlan: (planned) => plans.push(...planned) })
    expect(plans[0]?.tables).toEqual([
      {
        table: 'account_balance',
        kind: 'kept',
        added: ['largest'],
        removed: ['bookings'],
        retyped: [{ column: 'balance', from: 'integer', to: 'numeric(14, 2)' }],
      },
    ])
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', fromVersion: 1, toVersion: 2 })
    expect(await visibleRows(database.url, database.schema, balancesV2)).toEqual(await foldedRows(host.reader, balancesV2))
    expect(await states('account-balance')).toEqual([
      { generation: 1, version: 1, state: 'previous' },
      { generation: 2, version: 2, state: 'live' },
    ])
  })

  it('refuses code of a lower version than what is live', async () => {
    await expect(rebuild(host, { names: ['account-balance'] })).rejects.toMatchObject({
      code: 'CAIRN_SUBSCRIPTION_VERSION',
      details: { version: 1, stored: 2 },
    })
  })

  it('goes back by a rollback', async () => {
    const back = await host.store.rollback('account-balance')
    expect(back).toMatchObject({ generation: 1, version: 1, state: 'live' })
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })

  it('leaves out what is up to date, when asked for what is outdated', async () => {
    const { outcomes } = await rebuild(host, { all: true, outdated: true })
    expect(outcomes.map(({ status }) => status)).toEqual(['up-to-date', 'up-to-date'])
    expect(await states('account-balance')).toHaveLength(2)
  })

  it('builds the same version anew, and drops what came before the previous one', async () => {
    await writer.append(500)
    const { outcomes } = await rebuild(host, { names: ['account-balance'], verify: true })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', fromVersion: 1, toVersion: 1 })
    const left = await states('account-balance')
    expect(left.map(({ state }) => state).toSorted()).toEqual(['live', 'previous'])
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })

  it('refuses a definition that changed under its version, unless it is begun from scratch', async () => {
    const changed = { ...version1, types: ['account.opened'] }
    const other = { ...host, projections: [changed] }
    await expect(rebuild(other, { all: true })).rejects.toMatchObject({ code: 'CAIRN_SUBSCRIPTION_CHANGED' })
    const { outcomes } = await rebuild(other, { all: true, fromScratch: true })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', events: 40 })
  })

  it('refuses to switch, when asked to verify, where two folds of one log differ', async () => {
    let calls = 0
    const unsteady = {
      ...totals,
      apply: (...args: Parameters<typeof totals.apply>) => (++calls % 700 === 0 ? undefined : totals.apply(...args)),
    }
    const before = await states('owner-total')
    const { outcomes } = await rebuild({ ...host, projections: [unsteady] }, { all: true, verify: true })
    expect(outcomes[0]).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_REBUILD_VERIFICATION', details: { tables: ['text_total'] } },
    })
    expect((await states('owner-total')).filter(({ state }) => state !== 'building')).toEqual(before)
    expect(await visibleRows(database.url, database.schema, totals)).not.toEqual(new Map())
  })

  it('refuses names that nobody has', async () => {
    await expect(rebuild(host, { names: ['account-balances'] })).rejects.toMatchObject({
      code: 'CAIRN_UNKNOWN_PROJECTION',
      details: { nearest: 'account-balance' },
    })
  })
})
