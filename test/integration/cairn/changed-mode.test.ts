import { allRows, createCairn, defineConfig, defineDomain, defineProjection, table, text, type Cairn, type Projection } from '@cairn/cairn'
import { Order, orderCommands, orderEvents } from '@cairn/example-shop'
import { rebuild } from '@cairn/projections'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres, patient, type Place } from './support/places.ts'

type Mode = 'async' | 'inline'
const lines = [{ sku: 'screw', quantity: 10, price: 5 }]
const create = (orderId: string) => orderCommands.create({ orderId, customerId: 'c', lines })

function placed(mode: Mode, version: number): Projection {
  return defineProjection('placed', {
    version,
    mode,
    events: [orderEvents],
    tables: { placed: table({ id: text() }, { key: 'id', readAccess: { '*': allRows } }) },
  }).on({ 'order.created': ({ aggregateId }, tables) => tables.placed.upsert({ id: aggregateId }) })
}

const withProjection = (mode: Mode, version: number, place: Place) => ({
  domains: [defineDomain('orders', { aggregates: [Order], projections: [placed(mode, version)] })],
  ...place,
})
const boot = (...of: Parameters<typeof withProjection>): Promise<Cairn> => createCairn(withProjection(...of))
const idsIn = async (app: Cairn): Promise<unknown[]> => (await app.readModel('placed').find({})).rows.map(({ id }) => id).toSorted()

async function rebuildFromScratch(mode: Mode, place: Place): Promise<void> {
  const host = await defineConfig(withProjection(mode, 1, place)).openProjectionHost()
  try {
    expect((await rebuild(host, { all: true, fromScratch: true })).outcomes).toMatchObject([{ status: 'rebuilt' }])
  } finally {
    await host.close()
  }
}

describe.each([
  ['inline', 'async'],
  ['async', 'inline'],
] as const)('a projection whose mode changes from %s to %s', (before, after) => {
  const refusal = {
    code: 'CAIRN_SUBSCRIPTION_CHANGED',
    message: expect.stringMatching(new RegExp(`mode changed from ${before} to ${after}\\. Raise its version to 2`)),
  }

  it('is refused under an unchanged version, by an app and by a rebuild, and found by a comparison', async () => {
    const place = onPostgres(await testDatabase())
    await (await boot(before, 1, place)).stop()
    await expect(boot(after, 1, place)).rejects.toMatchObject(refusal)
    const host = await defineConfig(withProjection(after, 1, place)).openProjectionHost()
    try {
      await expect(rebuild(host, { all: true, outdated: true })).rejects.toMatchObject(refusal)
      await expect(rebuild(host, { all: true, inPlace: true })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
      const [generation] = await host.store.generations('placed')
      const declared = { name: 'placed', version: 1, fingerprint: generation?.fingerprint ?? '', inline: after === 'inline' }
      const drift = await host.store.drift([{ ...declared, tables: [...placed(after, 1).tables.values()] }])
      expect(drift).toMatchObject([{ kind: 'mode', expected: after, actual: before, remedy: 'rebuild' }])
    } finally {
      await host.close()
    }
    await (await boot(before, 1, place)).stop()
  })

  it('is taken with its version raised, and has the rows of both', { timeout: 120_000 }, async () => {
    const place = onPostgres(await testDatabase())
    const old = await boot(before, 1, place)
    await old.dispatch(create('o-1'), { waitFor: 'placed' })
    await old.stop()
    await using app = await boot(after, 2, place)
    await app.dispatch(create('o-2'))
    await expect.poll(() => idsIn(app), { timeout: patient.timeoutMs }).toEqual(['o-1', 'o-2'])
  })

  it('is taken under its version by a rebuild from scratch', { timeout: 120_000 }, async () => {
    const place = onPostgres(await testDatabase())
    const old = await boot(before, 1, place)
    await old.dispatch(create('o-1'), { waitFor: 'placed' })
    await old.stop()
    await rebuildFromScratch(after, place)
    await using app = await boot(after, 1, place)
    await app.dispatch(create('o-2'))
    await expect.poll(() => idsIn(app), { timeout: patient.timeoutMs }).toEqual(['o-1', 'o-2'])
  })
})

it('an app that appends inline is told when its projection became asynchronous under it', async () => {
  const place = onPostgres(await testDatabase())
  await using app = await boot('inline', 1, place)
  await app.dispatch(create('o-1'))
  await rebuildFromScratch('async', place)
  await expect(app.dispatch(create('late'))).rejects.toMatchObject({
    code: 'CAIRN_SUBSCRIPTION_CHANGED',
    message: expect.stringContaining('mode changed from async to inline'),
  })
})
