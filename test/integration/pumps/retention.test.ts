import { ChangePumpSource, RealtimePumpBase, type PumpConfig } from '@cairn/core'
import { ReceiptRetention } from '@cairn/infra/pg'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { parcels, type Parcel } from '../../support/pumps/pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { insertParcels, pumpDatabase } from './support.ts'

const { database, rig } = await pumpDatabase()
const { url, maintenanceUrl, schema } = database
const { changes, store, hints } = await rig()
const engine = { leaseMs: 20_000, heartbeatMs: 40, pollMs: 20 }
const running: RealtimePumpBase<Parcel>[] = []

afterEach(async () => {
  for (const pump of running.splice(0)) await pump.stop()
})

async function pumpOf(channel: string, processBatch: PumpConfig<Parcel>['processBatch'], options: Partial<PumpConfig<Parcel>> = {}) {
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'parcels' } as const
  const pump = new RealtimePumpBase<Parcel>(
    { channel, eventSpec, processBatch, ...options },
    { source: new ChangePumpSource({ changes, store, hints, engine }) },
  )
  running.push(pump)
  await pump.start()
  return pump
}

const count = async (): Promise<number> =>
  (await queryOnce<{ n: number }>(url, `select count(*)::int as n from ${schema}.changes`))[0]?.n ?? -1
const remove = () => new ReceiptRetention({ url: maintenanceUrl, schema, keepForMs: 1, keepChangesForMs: 1, batchSize: 7 }).runOnce()

test('without a pump nothing is removed; with some, what all of them have read, in bounded batches', async () => {
  await insertParcels(url, parcels(20, 'early'))
  expect(await remove()).toBe(0)
  const [quick, slow]: [string[], string[]] = [[], []]
  await pumpOf('quick-pump', (rows) => quick.push(...rows.map(({ id }) => id)), { from: 'start' })
  const held = await pumpOf('slow-pump', (rows) => slow.push(...rows.map(({ id }) => id)), { from: 'start', batchSize: 10 })
  expect(await eventually(() => quick.length === 20 && slow.length === 20)).toBe(true)
  await held.stop()
  await insertParcels(url, parcels(30, 'late'))
  expect(await eventually(() => quick.length === 50)).toBe(true)
  expect(await eventually(async () => (await remove()) >= 0 && (await count()) === 30)).toBe(true)
  await held.start()
  expect(await eventually(() => slow.length === 50)).toBe(true)
  expect(await eventually(async () => (await remove()) >= 0 && (await count()) === 0)).toBe(true)
})

test('a row that is set aside stays until it is tried again', async () => {
  let mend = false
  const done: string[] = []
  const pump = await pumpOf(
    'parking-pump',
    (rows) => {
      if (!mend && rows.some(({ id }) => id === 'park-1')) throw new Error('not yet')
      done.push(...rows.map(({ id }) => id))
    },
    { retry: { attempts: 1 }, onExhausted: 'park' },
  )
  for (const channel of ['quick-pump', 'slow-pump']) await store.remove({ name: channel, generation: 1 })
  await insertParcels(url, parcels(4, 'park'))
  expect(await eventually(() => new Set(done).size === 3)).toBe(true)
  expect(await eventually(async () => (await remove()) >= 0 && (await count()) === 3)).toBe(true)
  mend = true
  await store.request({ name: pump.channel, generation: 1 }, 'retry')
  expect(await eventually(() => done.includes('park-1'))).toBe(true)
  expect(await eventually(async () => (await remove()) >= 0 && (await count()) === 0)).toBe(true)
})
