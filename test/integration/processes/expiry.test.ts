import { setTimeout as sleep } from 'node:timers/promises'
import { createCairn, type CairnOptions } from '@cairn/cairn'
import { aggregate, defineCommands, defineDomain, defineEvents, defineProcessManager, Policies } from '@cairn/core'
import { temporal } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, type Place } from '../cairn/support/places.ts'

const cartEvents = defineEvents('cart', { filled: z.object({ n: z.int() }), bought: z.object({}), dropped: z.object({ text: z.string() }) })
const cartCommands = defineCommands('cart', {
  add: z.object({ n: z.int() }),
  buy: z.object({}),
  drop: z.object({ text: z.string() }),
})

class Cart extends aggregate(cartEvents, () => ({ items: 0 })) {
  static readonly handlers = this.handle(cartCommands, {
    add: (cart, { n }) => cart.raise('filled', { n }),
    buy: (cart) => cart.raise('bought'),
    drop: (cart, { text }) => cart.raise('dropped', { text }),
  })
  static readonly evolve = this.fold({
    filled: ({ items }, { n }) => ({ items: items + n }),
    bought: (s) => s,
    dropped: (s) => s,
  })
}

const expiryMs = 2_500
const forgotten = defineProcessManager('forgotten', {
  events: [cartEvents],
  initial: () => ({ fills: 0 }),
  expiresAfter: { milliseconds: expiryMs },
  expired: ({ fills }, _event, { instanceId, loadAggregate }) => [
    cartCommands.drop({ cartId: instanceId, text: `${fills} fills, ${loadAggregate(Cart, instanceId).state.items} items` }),
  ],
})
  .correlate({ 'cart.filled': (event) => event.aggregateId, 'cart.bought': (event) => event.aggregateId })
  .on({ 'cart.filled': ({ fills }) => ({ state: { fills: fills + 1 } }), 'cart.bought': () => ({ done: true }) })

const carts = defineDomain('carts', { aggregates: [Cart], processManagers: [forgotten] })
// Only what people send is allowed to them.
const policies = (): Policies => new Policies().allow('cart.*')

const server = await provideTemporal()
const [postgres, onServer] = [await testDatabase(), await testDatabase()]
afterAll(() => server.stop())
const onTemporal = (): Place & Pick<CairnOptions, 'scheduler'> => ({
  ...onPostgres(onServer),
  scheduler: temporal({
    address: server.address,
    idleMs: 500,
    taskQueues: { kind: 'shared', name: 'expiry' },
    worker: { shutdownGraceMs: 1_000 },
  }),
})

describe.each<[string, () => Place & Pick<CairnOptions, 'scheduler'>]>([
  ['in memory', () => inMemory],
  ['on PostgreSQL', () => onPostgres(postgres)],
  ['on Temporal', onTemporal],
])('an instance that expires, %s', (_place, place) => {
  test('ends once it had no event for so long, which each event puts off; one that ended before is left alone', async () => {
    await using app = await createCairn({ domains: [carts], ...place(), policies: policies(), background: { pollMs: 30, leaseMs: 1_000 } })
    const eventsOf = async (cartId: string) =>
      (await app.events.query({ tenantId: 't', aggregateType: 'cart', aggregateId: cartId })).events
    const typesOf = async (cartId: string): Promise<readonly string[]> => (await eventsOf(cartId)).map(({ type }) => type)
    const addTo = (cartId: string, n: number) => app.dispatch(cartCommands.add({ cartId, n }))
    const instance = async (cartId: string) => (await app.processes.list()).find(({ instanceId }) => instanceId === cartId)

    await addTo('left', 1)
    await addTo('kept', 1)
    await addTo('bought', 1)
    await app.dispatch(cartCommands.buy({ cartId: 'bought' }))
    await sleep(expiryMs * 0.4)
    await addTo('kept', 10)
    expect(await eventually(async () => (await instance('left'))?.status === 'done')).toBe(true)
    expect(await eventually(async () => (await typesOf('kept')).includes('cart.dropped'))).toBe(true)
    expect(await eventually(async () => (await typesOf('left')).includes('cart.dropped'))).toBe(true)

    for (const [cartId, text] of [
      ['left', '1 fills, 1 items'],
      ['kept', '2 fills, 11 items'],
    ] as const) {
      const events = await eventsOf(cartId)
      const [last, drop] = events.slice(-2)
      expect(drop).toMatchObject({ type: 'cart.dropped', payload: { text } })
      expect((drop?.recordedAt.getTime() ?? 0) - (last?.recordedAt.getTime() ?? 0)).toBeGreaterThanOrEqual(expiryMs)
    }
    // What comes too late changes nothing more.
    await addTo('left', 100)
    await sleep(expiryMs * 1.5)
    expect(await typesOf('left')).toEqual(['cart.filled', 'cart.dropped', 'cart.filled'])
    expect(await typesOf('kept')).toEqual(['cart.filled', 'cart.filled', 'cart.dropped'])
    expect(await typesOf('bought')).toEqual(['cart.filled', 'cart.bought'])
    expect(await instance('kept')).toMatchObject({ status: 'done', steps: 3, timers: [] })
    // Looks are few: one for each time that passed. A worker that lags may take one before the step that withdraws it.
    const checks = await app.events.query({ tenantId: 't', types: ['cairn-process.idleChecked'] })
    const looks = (cartId: string): number =>
      checks.events.filter(({ payload }) => Reflect.get(Object(payload), 'instanceId') === cartId).length
    expect([1, 2]).toContain(looks('left'))
    expect([1, 2, 3]).toContain(looks('kept'))
    expect([0, 1]).toContain(looks('bought'))
  }, 60_000)
})
