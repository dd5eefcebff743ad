import type { SubscriptionEngine, SubscriptionEngineOptions } from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { JumpingClock, steal } from './chaos.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf, type LedgerOptions } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const key = { name: 'ledger', generation: 1 }
const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

function given() {
  const log = new LogOfEvents()
  const clock = new JumpingClock()
  const store = new InMemorySubscriptionStore({ clock })
  const join = async (
    options: Partial<LedgerOptions> = {},
    settings: Partial<SubscriptionEngineOptions> = {},
  ): Promise<SubscriptionEngine> => {
    const engine = fastEngine(log, store, settings)
    engines.push(engine)
    await engine.add(ledger({ rows: store.rows, partitions: 4, ...options }))
    await engine.start()
    return engine
  }
  const owners = async (): Promise<readonly (string | undefined)[]> => ((await store.get(key))?.partitions ?? []).map(({ owner }) => owner)
  const held = async (engine: SubscriptionEngine): Promise<number> => (await owners()).filter((owner) => owner === engine.memberId).length
  const streams = Array.from({ length: 20 }, (_, i) => `s${i}`)
  return { log, clock, store, join, owners, held, streams }
}

describe('several processes', () => {
  it('share the partitions out when one joins, and again when one leaves', async () => {
    const { log, store, join, held, streams } = given()
    const first = await join()
    await eventually('one has all', async () => (await held(first)) === 4)
    const second = await join()
    await eventually('each has half', async () => (await held(first)) === 2 && (await held(second)) === 2)
    await log.append([...streams, ...streams])
    await first.waitFor(log.end, ['ledger'])
    await first.stop()
    await eventually('the other has all', async () => (await held(second)) === 4)
    await log.append(streams)
    await second.waitFor(log.end, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('take over from one that died, when its lease has run out', async () => {
    const { log, store, join, held, streams } = given()
    // It goes on beating for nobody: its calls end nowhere, as those of a process that was killed.
    let dead = false
    const grave = new Promise<never>(() => {})
    const first = fastEngine(
      log,
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function' ? (...args: unknown[]) => (dead ? grave : Reflect.apply(member, target, args)) : member
        },
      }),
    )
    await first.add(ledger({ rows: store.rows, partitions: 4 }))
    await first.start()
    const second = await join()
    await eventually('each has half', async () => (await held(first)) === 2 && (await held(second)) === 2)
    await log.append(streams)
    dead = true
    const died = performance.now()
    await log.append(streams)
    await eventually('the other has all', async () => (await held(second)) === 4)
    // A lease of 200 ms and a heartbeat each 20 ms, on a machine that does other things too.
    expect(performance.now() - died).toBeLessThan(10_000)
    await second.waitFor(log.end, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('one that lost a lease stores nothing more, and says so; what it had not stored is handled by another', async () => {
    const { log, clock, store, join, streams } = given()
    const { promise: hold, resolve: go } = Promise.withResolvers<void>()
    let held = 0
    const changes: string[] = []
    await join(
      { partitions: 1, before: () => (held++ === 0 ? hold : undefined) },
      { observer: { lease: ({ change }) => changes.push(change) } },
    )
    await log.append(streams)
    await eventually('it is in the middle of an event', () => held > 0)
    expect(await steal(store, clock, key, 0, 200)).toBe(true)
    await eventually('it was told', () => changes.includes('lost'))
    go()
    await eventually('all is handled', async () => (await store.get(key))?.partitions[0]?.checkpoint === log.end)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('begins nothing new while its own clock says that the lease has run out', async () => {
    const { log, store, streams } = given()
    let silent = false
    const engine = fastEngine(
      log,
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (name === 'heartbeat' && silent) return () => new Promise<never>(() => {})
          return typeof member === 'function' ? member.bind(target) : member
        },
      }),
      { leaseMs: 60, heartbeatMs: 10 },
    )
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    await log.append(streams)
    await engine.waitFor(log.end, ['ledger'])
    silent = true
    await new Promise((resolve) => setTimeout(resolve, 120))
    await log.append(streams)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect((await store.get(key))?.partitions[0]?.checkpoint).toBe(streams.length)
    // It hangs for ever in its heartbeat; nobody waits for it.
  })

  it('old code and new code: only those with the stored definition run it', async () => {
    const { log, store, join, held, streams } = given()
    const old = await join()
    await eventually('the old has all', async () => (await held(old)) === 4)
    await log.append(streams)
    const renewed = await join({ version: 2, types: ['order.noted', 'order.paid'] })
    await eventually('the new has all', async () => (await held(renewed)) === 4)
    await log.append(streams, 'order.paid')
    await renewed.waitFor(log.end, ['ledger'])
    expect(await held(old)).toBe(0)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
    await expect(join()).rejects.toMatchObject({ code: 'CAIRN_SUBSCRIPTION_VERSION' })
    await expect(join({ version: 2, types: ['order.noted'] })).rejects.toMatchObject({ code: 'CAIRN_SUBSCRIPTION_CHANGED' })
  })
})

describe('a subscription to every type', () => {
  it('is given up at a type that the process does not know, and taken by one that does; nobody moves past it', async () => {
    const { log, store, join, held } = given()
    const knowsOld = { knows: (type: string) => type === 'order.noted' }
    const old = await join({ types: '*', partitions: 1 }, knowsOld)
    // Subscriptions to other types are not affected.
    await old.add(ledger({ name: 'narrow', types: ['order.noted'], rows: store.rows }))
    await log.append(['a'])
    await log.append(['a'], 'order.new')
    await log.append(['a', 'b'])
    await old.waitFor(log.end, ['narrow'])
    await eventually('it was given up', async () => (await held(old)) === 0)
    const stuck = (await store.get(key))?.partitions[0]
    expect(stuck).toMatchObject({ checkpoint: 1, state: 'retrying', failure: { category: 'CAIRN_UNKNOWN_EVENT', position: 2 } })
    expect((await old.status()).subscriptions.find(({ key: { name } }) => name === 'ledger')?.standsBack).toBe(true)
    const renewed = await join({ types: '*', partitions: 1 })
    await renewed.waitFor(log.end, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
    await eventually('live, without a failure', async () => {
      const now = (await store.get(key))?.partitions[0]
      return now?.state === 'live' && now.failure === undefined
    })
  })
})
