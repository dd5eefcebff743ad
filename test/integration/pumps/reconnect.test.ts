import { ChangePumpSource, RealtimePumpBase, type PumpState } from '@cairn/core'
import { PgHints, watchTable } from '@cairn/infra/pg'
import { startTcpProxy } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { parcels, type Parcel } from '../../support/pumps/pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { insertParcels, pumpDatabase } from './support.ts'

const { database, open, rig } = await pumpDatabase()
const { url, workerUrl, schema } = database
const proxy = await startTcpProxy(Number(new URL(workerUrl).port), new URL(workerUrl).hostname)
afterAll(() => proxy.stop())
const eventSpec = { event: 'INSERT', schema: 'public', table: 'parcels' } as const

test('connections that break twenty times lose no change, and the pump says how it stands', async () => {
  const { changes, store, hints } = await rig(await open({ url: proxy.through(workerUrl) }))
  const seen: string[] = []
  const states: PumpState[] = []
  const source = new ChangePumpSource({ changes, store, hints, engine: { leaseMs: 800, heartbeatMs: 80, pollMs: 20, outageMs: 10 } })
  const pump = new RealtimePumpBase<Parcel>(
    {
      channel: 'breaking-pump',
      eventSpec,
      batchSize: 3,
      onStatus: (state) => states.push(state),
      processBatch: (rows) => seen.push(...rows.map(({ id }) => id)),
    },
    { source },
  )
  await pump.start()
  const all: string[] = []
  for (let round = 0; round < 20; round++) {
    const rows = parcels(5, `cut-${round}`)
    all.push(...rows.map(({ id }) => id))
    await insertParcels(url, rows)
    proxy.cutNow()
    // Not only while it waits: some cuts meet a read, some a commit.
    if (round % 3 === 0) await eventually(() => seen.includes(`cut-${round}-0`))
  }
  expect(await eventually(() => new Set(seen).size === all.length)).toBe(true)
  expect(seen.filter((id, i) => seen.indexOf(id) === i)).toEqual(all)
  expect(await eventually(() => pump.status.state === 'subscribed')).toBe(true)
  await pump.stop()
})

test('a table that is watched with hints wakes the pump long before its next poll', async () => {
  await watchTable({ url, schema: 'public', table: 'parcels', cairnSchema: schema, notify: true })
  const db = await open()
  const { changes, store } = await rig(db)
  const hints = new PgHints(db)
  const seen: string[] = []
  const source = new ChangePumpSource({ changes, store, hints, engine: { pollMs: 120_000 } })
  const pump = new RealtimePumpBase<Parcel>(
    { channel: 'woken-pump', eventSpec, processBatch: (rows) => seen.push(...rows.map(({ id }) => id)) },
    { source },
  )
  await pump.start()
  const listening = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'cairn hints' and query like 'listen%'`
  expect(await eventually(async () => (await queryOnce(url, listening)).length === 1)).toBe(true)
  // At the head: what was to be read is read.
  await insertParcels(url, parcels(1, 'awake'))
  expect(await eventually(() => seen.includes('awake-0'), 20_000)).toBe(true)
  await insertParcels(url, parcels(1, 'again'))
  expect(await eventually(() => seen.includes('again-0'), 20_000)).toBe(true)
  await pump.stop()
  await hints.close()
})
