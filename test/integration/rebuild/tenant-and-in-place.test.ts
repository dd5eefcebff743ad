import { rebuild } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { balances, balancesV2, poisonText } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { LiveFeeder } from './support/live-feeder.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const projection = balances()
let host: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [projection])
  writer = new Writer(host.db)
  await writer.append(1_000)
  await rebuild(host, { all: true })
})

afterAll(async () => {
  await writer.drained()
  await host.close()
})

const liveTable = async (): Promise<string> => {
  const live = (await host.store.generations(projection.name)).find(({ state }) => state === 'live')
  return `${database.schema}.${live?.tables[0]?.name ?? ''}`
}
const spoil = async (): Promise<void> =>
  void (await queryOnce(database.url, `update ${await liveTable()} set balance = -1 where tenant_id in ('acme', 'globex')`))
const ofTenant = async (tenant: string) =>
  ((await visibleRows(database.url, database.schema, projection)).get('account_balance') ?? []).filter((row) => row.tenant_id === tenant)
const foldedOf = async (tenant: string) =>
  ((await foldedRows(host.reader, projection)).get('account_balance') ?? []).filter((row) => row.tenant_id === tenant)

describe('a rebuild of one tenant', () => {
  it('replaces that tenant’s rows and nobody else’s, while its events go on being written and projected', async () => {
    await spoil()
    const feeder = new LiveFeeder(host, projection)
    const stopWriting = writer.keepAppending(5)
    const { outcomes } = await rebuild(host, { all: true, tenant: 'acme', tuning: { pageSize: 100 } })
    await stopWriting()
    expect(outcomes[0]?.error).toBeUndefined()
    // Half of the events are the other tenant's.
    const { horizon } = await host.reader.head()
    expect(outcomes[0]?.events).toBeLessThan(horizon * 0.7)
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', tables: [{ rows: 20 }] })
    // The feeder begins anew from the rows that were put in.
    expect(await eventually(async () => JSON.stringify(await ofTenant('acme')) === JSON.stringify(await foldedOf('acme')))).toBe(true)
    await feeder.stop()
    expect(await ofTenant('acme')).toEqual(await foldedOf('acme'))
    expect(await ofTenant('globex')).not.toEqual(await foldedOf('globex'))
    expect((await host.store.generations(projection.name)).filter(({ tenantId }) => tenantId !== undefined)).toEqual([])
  })

  it('is gone on with after it was stopped', async () => {
    await spoil()
    const stop = new AbortController()
    const { outcomes } = await rebuild(host, {
      all: true,
      tenant: 'globex',
      tuning: { pageSize: 50 },
      signal: stop.signal,
      onProgress: ({ events }) => {
        if (events >= 50) stop.abort()
      },
    })
    expect(outcomes[0]?.status).toBe('cancelled')
    expect(await ofTenant('globex')).not.toEqual(await foldedOf('globex'))
    const again = await rebuild(host, { all: true, tenant: 'globex' })
    expect(again.outcomes[0]).toMatchObject({ status: 'rebuilt', generation: outcomes[0]?.generation })
    expect(await ofTenant('globex')).toEqual(await foldedOf('globex'))
  })

  it('sets no event aside: the rows that are put in would lack it', async () => {
    await expect(rebuild(host, { all: true, tenant: 'acme', park: true })).rejects.toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
      message: 'tenant and park exclude each other: events that are set aside would be missing in the rows that replace the live ones.',
    })
  })

  it.each([
    ['inPlace', { inPlace: true }],
    ['tenant', { tenant: 'acme' }],
  ] as const)('and one with %s are not verified: nothing is folded a second time', async (option, options) => {
    await expect(rebuild(host, { all: true, verify: true, ...options })).rejects.toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
      details: { field: 'verify' },
      message: `verify and ${option} exclude each other: only a whole generation that is built beside the live one is folded a second time.`,
    })
  })

  it('is refused where another version is live', async () => {
    const newer = { ...host, projections: [balancesV2] }
    await expect(rebuild(newer, { all: true, tenant: 'acme' })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  })
})

describe('a rebuild in place', () => {
  it('empties the live tables and fills them again', async () => {
    await spoil()
    const before = await host.store.generations(projection.name)
    const { outcomes } = await rebuild(host, { all: true, inPlace: true })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', tables: [{ rows: 40 }] })
    expect(await visibleRows(database.url, database.schema, projection)).toEqual(await foldedRows(host.reader, projection))
    expect((await host.store.generations(projection.name)).map(({ generation, state }) => ({ generation, state }))).toEqual(
      before.map(({ generation, state }) => ({ generation, state })),
    )
  })

  it('is gone on with after it was stopped, and not begun anew', async () => {
    const stop = new AbortController()
    const options = { all: true, inPlace: true, tuning: { pageSize: 100 } } as const
    const { outcomes } = await rebuild(host, {
      ...options,
      signal: stop.signal,
      onProgress: ({ events }) => {
        if (events >= 200) stop.abort()
      },
    })
    expect(outcomes[0]?.status).toBe('cancelled')
    const again = await rebuild(host, options)
    expect(again.outcomes[0]?.status).toBe('rebuilt')
    const { horizon } = await host.reader.head()
    expect((outcomes[0]?.events ?? 0) + (again.outcomes[0]?.events ?? 0)).toBeLessThanOrEqual(horizon)
    expect(await visibleRows(database.url, database.schema, projection)).toEqual(await foldedRows(host.reader, projection))
  })

  it('says how many events it set aside', async () => {
    await writer.appendPoison()
    await writer.append(10)
    const failing = { ...host, projections: [balances({ failsAt: poisonText })] }
    const { outcomes } = await rebuild(failing, { all: true, inPlace: true, park: true })
    // The projection names no partition key: whatever comes behind it waits.
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', parked: 11 })
    // One tenant's rows have all of its events again; what waited behind it is asked for.
    const { outcomes: healed } = await rebuild(host, { all: true, tenant: 'acme' })
    expect(healed[0]).toMatchObject({ status: 'rebuilt' })
    const left = await host.subscriptions.parked({})
    expect(left.map(({ tenantId, status, request }) => [tenantId, status, request])).toEqual(
      Array.from({ length: 5 }, () => ['globex', 'waiting', 'retry']),
    )
  })
})
