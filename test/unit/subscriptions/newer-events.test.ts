import {
  creates,
  defineCommands,
  defineDecider,
  defineDomain,
  defineEvents,
  partitionOf,
  Registry,
  UpcastError,
  versions,
  type RecordedEvent,
  type SubscriptionEngine,
  type SubscriptionEngineOptions,
} from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf, type LedgerOptions } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

/** Two codes of one app: the newer one has renamed a field of its event, with an upcaster. Its subscriptions are the same. */
const Old = z.object({ customer: z.string() })
const oldEvents = defineEvents('order', { noted: Old })
const newEvents = defineEvents('order', {
  noted: versions(Old)
    .next(z.object({ customerId: z.string() }))
    .from(({ customer }) => ({ customerId: customer })),
})
const commands = defineCommands('order', { note: creates(z.object({ customer: z.string() })) })
const codes = {
  old: new Registry([
    defineDomain('shop', {
      aggregates: [
        defineDecider(oldEvents, () => 0)
          .evolve({ noted: (count) => count + 1 })
          .decide(commands, { note: (_, { customer }) => oldEvents.noted({ customer }) }),
      ],
    }),
  ]),
  new: new Registry([
    defineDomain('shop', {
      aggregates: [
        defineDecider(newEvents, () => 0)
          .evolve({ noted: (count) => count + 1 })
          .decide(commands, { note: (_, { customer }) => newEvents.noted({ customerId: customer }) }),
      ],
    }),
  ]),
} as const
type Code = keyof typeof codes
const field = { old: 'customer', new: 'customerId' } as const

/** By customer, as each code calls it; what has none is refused. */
const keyOf =
  (code: Code) =>
  ({ payload }: RecordedEvent): string =>
    (payload as Record<string, string>)[field[code]] as string

/** As a handler that loads another stream, in which newer code has stored an event. */
const meets = (code: Code) => (): void => {
  if (code === 'old') throw new UpcastError('order.noted', 2, 1)
}

const key = { name: 'ledger', generation: 1 }
const soon = { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 }, jitter: 0 } as const
const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

function given() {
  const log = new LogOfEvents()
  const store = new InMemorySubscriptionStore()
  const handled: { readonly position: number; readonly by: Code; readonly payload: unknown }[] = []
  const join = async (
    code: Code,
    options: Partial<LedgerOptions> = {},
    engineOptions: Partial<SubscriptionEngineOptions> = {},
  ): Promise<SubscriptionEngine> => {
    const registry = codes[code]
    const engine = fastEngine(log, store, {
      lift: (event) => registry.upcast(event),
      knows: (type) => registry.hasEvent(type),
      ...engineOptions,
    })
    engines.push(engine)
    const before = ({ position, payload }: RecordedEvent): void => void handled.push({ position, by: code, payload })
    await engine.add(ledger({ rows: store.rows, failure: { retry: soon }, before, ...options }))
    await engine.start()
    return engine
  }
  const note = (code: Code, customers: readonly string[]) =>
    customers.reduce<Promise<unknown>>(
      (last, customer) =>
        last.then(() => log.append([customer], 'order.noted', { [field[code]]: customer }, codes[code].event('order.noted').schemaVersion)),
      Promise.resolve(),
    )
  const partitions = async () => (await store.get(key))?.partitions ?? []
  const ownerless = async (): Promise<boolean> => (await partitions()).every(({ owner }) => owner === undefined)
  return { log, store, handled, join, note, partitions, ownerless }
}

describe('an event of a newer schema version', () => {
  it('in a stream that a handler loads leaves the event behind it to newer code, and parks it when nobody has that', async () => {
    const { log, store, join, note, partitions, ownerless } = given()
    await join('old', { before: meets('old') })
    await note('old', ['a'])
    await eventually('it was given up', async () => (await partitions())[0]?.state === 'retrying' && (await ownerless()))
    expect((await partitions())[0]).toMatchObject({ checkpoint: 0, parked: 0, failure: { category: 'CAIRN_UNKNOWN_EVENT', position: 1 } })
    const renewed = await join('new', { before: meets('new') })
    await renewed.waitFor(1, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))

    const alone = given()
    await alone.join('old', { before: meets('old') }, { newerGraceMs: 300, standBackMs: 20 })
    await alone.note('old', ['a'])
    await eventually('it was parked', async () => (await alone.partitions())[0]?.parked === 1)
  })

  it('comes to a follower of older code as it is stored, with what is behind it', async () => {
    const { join, note } = given()
    const followed: unknown[] = []
    const follower = (await join('old')).follow({
      after: 0,
      handle: (events) => void followed.push(...events.map(({ payload }) => payload)),
    })
    await note('old', ['a'])
    await note('new', ['b'])
    await note('old', ['c'])
    await eventually('all of them came', () => follower.position === 3)
    expect(followed).toEqual([{ customer: 'a' }, { customerId: 'b' }, { customer: 'c' }])
    await follower.stop()
  })

  it.each(['park', 'stop'] as const)(
    'is given up by older code whose policy is to %s, and handled once by newer code; nobody moves past it',
    async (onExhausted) => {
      const { log, store, handled, join, note, partitions, ownerless } = given()
      const failure = { retry: soon, onExhausted }
      const old = await join('old', { failure })
      await note('old', ['a'])
      await note('new', ['a'])
      await note('old', ['a', 'b'])
      await eventually('it was given up', async () => (await partitions())[0]?.state === 'retrying' && (await ownerless()))
      const [second] = (await log.all()).slice(1)
      expect((await partitions())[0]).toMatchObject({
        checkpoint: 1,
        parked: 0,
        failure: { category: 'CAIRN_UNKNOWN_EVENT', eventId: second?.id, position: 2, attempts: 1 },
      })
      expect((await partitions())[0]?.failure?.message).toMatch(/order\.noted has schema version 2, but this process knows only up to 1/)
      expect((await old.status()).subscriptions[0]?.standsBack).toBe(true)

      const renewed = await join('new', { failure })
      await renewed.waitFor(4, ['ledger'])
      expect(handled.filter(({ position }) => position === 2)).toEqual([{ position: 2, by: 'new', payload: { customerId: 'a' } }])
      expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
      await eventually('live, without a failure', async () => {
        const now = (await partitions())[0]
        return now?.state === 'live' && now.failure === undefined && now.parked === 0
      })
    },
  )

  it('is of no partition in the eyes of older code, where the key is made of what it cannot read: none lost, none twice', async () => {
    const { log, store, join, note, partitions } = given()
    const customers = ['a', 'b', 'c', 'd', 'e', 'f']
    expect(new Set(customers.map((customer) => partitionOf(customer, 2)))).toEqual(new Set([0, 1]))
    await join('old', { partitions: 2, keyOf: keyOf('old') })
    const renewed = await join('new', { partitions: 2, keyOf: keyOf('new') })
    await eventually('each has one', async () => new Set((await partitions()).map(({ owner }) => owner ?? '')).size === 2)
    await note('old', customers)
    await note('new', customers)
    await note('old', customers)
    await renewed.waitFor(log.end, ['ledger'], { timeoutMs: 20_000 })
    expect(await store.parked({ key })).toEqual([])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('does not hold older code up where newer code has handled it, though it is in a page that is kept', async () => {
    const { log, store, join, note, partitions, ownerless } = given()
    await note('old', ['a'])
    await note('new', ['a'])
    await note('old', ['a', 'b', 'c', 'd'])
    await join('old', { partitions: 2 })
    await eventually('it was given up', async () => (await partitions()).some(({ state }) => state === 'retrying') && (await ownerless()))
    // As newer code that handles the first three and dies.
    for (const partition of [0, 1]) {
      let taken: Awaited<ReturnType<typeof store.take>>
      await eventually('the partition is free', async () => {
        taken = await store.take(key, partition, 'newer', (await store.get(key))?.fingerprint ?? '', 200)
        return taken !== undefined
      })
      if (taken === undefined) throw new Error('It was taken.')
      await store.commit(taken.lease, { checkpoint: 3 })
      await store.release([taken.lease])
    }
    await eventually('it is handled', async () => (await partitions()).every(({ checkpoint }) => checkpoint === log.end))
    expect(ledgerOf(store.rows)).toMatchObject(ledgerFrom((await log.all()).slice(3)))
  })

  it('stops a rebuild, which names it', async () => {
    const { join, note, partitions } = given()
    await note('old', ['a'])
    await note('new', ['a'])
    await join('old', { initialState: 'rebuilding' })
    await eventually('failed', async () => (await partitions())[0]?.state === 'failed')
    expect((await partitions())[0]).toMatchObject({ checkpoint: 1, failure: { category: 'CAIRN_UNKNOWN_EVENT', position: 2 } })
  })
})
