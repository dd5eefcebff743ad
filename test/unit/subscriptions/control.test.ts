import type { SubscriptionEngine, SubscriptionEngineOptions } from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf, type LedgerOptions } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const key = { name: 'ledger', generation: 1 }
const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

async function given(options: Partial<LedgerOptions> = {}, settings: Partial<SubscriptionEngineOptions> = {}) {
  const log = new LogOfEvents()
  const store = new InMemorySubscriptionStore()
  const engine = fastEngine(log, store, settings)
  engines.push(engine)
  await engine.add(ledger({ rows: store.rows, ...options }))
  await engine.start()
  const partition = async (i = 0) => (await store.get(key))?.partitions[i]
  return { log, store, engine, partition }
}

describe('from outside', () => {
  it('a pause holds it, a resume lets it go on', async () => {
    const { log, store, engine, partition } = await given()
    await log.append(['a'])
    await engine.waitFor(1, ['ledger'])
    await engine.pause(key)
    expect(await partition()).toMatchObject({ state: 'paused', owner: undefined })
    await log.append(['a'])
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await partition()).toMatchObject({ state: 'paused', checkpoint: 1 })
    await engine.resume(key)
    await engine.waitFor(2, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 2] })
  })

  it('a pause by another process is seen at the heartbeat', async () => {
    const { log, store, engine, partition } = await given()
    await log.append(['a'])
    await engine.waitFor(1, ['ledger'])
    await store.control(key, 'paused')
    await eventually('given back', async () => (await partition())?.owner === undefined)
    expect(await partition()).toMatchObject({ state: 'paused' })
  })

  it('a reset reads again from there; only what is paused may be reset', async () => {
    const { log, store, engine } = await given({ failure: { retry: { attempts: 1, backoff: { kind: 'fixed', delayMs: 0 }, jitter: 0 } } })
    await log.append(['a', 'b', 'a'])
    await engine.waitFor(3, ['ledger'])
    await expect(engine.reset(key, 0)).rejects.toMatchObject({ code: 'CAIRN_ILLEGAL_STATE' })
    await engine.pause(key)
    store.rows.drop('ledger')
    await engine.reset(key, 1)
    await engine.resume(key)
    await engine.waitFor(3, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [3], b: [2] })
  })

  it('an unknown subscription is named', async () => {
    const { engine } = await given()
    await expect(engine.pause({ name: 'nobody', generation: 1 })).rejects.toMatchObject({ code: 'CAIRN_UNKNOWN_SUBSCRIPTION' })
  })

  it('one that is being rebuilt is left to the rebuild, and goes on when it is let go', async () => {
    const { log, store, engine, partition } = await given()
    await log.append(['a', 'b'])
    await engine.waitFor(2, ['ledger'])
    await store.control(key, 'paused')
    await eventually('free', async () => (await partition())?.owner === undefined)
    await store.control(key, 'rebuilding')
    await log.append(['a'])
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await partition()).toMatchObject({ state: 'rebuilding', owner: undefined, checkpoint: 2 })
    await store.control(key, 'catching-up')
    await engine.waitFor(3, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 3], b: [2] })
  })

  it('one that is removed here ends here, and goes on where it was when added again', async () => {
    const { log, store, engine, partition } = await given()
    await log.append(['a'])
    await engine.waitFor(1, ['ledger'])
    await engine.remove(key)
    expect(await partition()).toMatchObject({ owner: undefined, checkpoint: 1 })
    await log.append(['a'])
    await engine.add(ledger({ rows: store.rows }))
    await engine.waitFor(2, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 2] })
    await expect(engine.add(ledger({ rows: store.rows }))).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  })

  it('one that no process runs is detached after a while, and comes back with its code', async () => {
    const { log, store, engine, partition } = await given({}, { detachAfterMs: 60 })
    await log.append(['a'])
    await engine.waitFor(1, ['ledger'])
    await engine.add(ledger({ name: 'other', rows: store.rows }))
    await engine.add(ledger({ name: 'held', rows: store.rows }))
    await engine.pause({ name: 'held', generation: 1 })
    await engine.remove({ name: 'held', generation: 1 })
    await store.register(ledger({ name: 'building', initialState: 'rebuilding', rows: store.rows }).spec)
    await engine.remove(key)
    await eventually('detached', async () => (await partition())?.state === 'detached')
    const states = Object.fromEntries((await store.list()).map(({ key: { name }, partitions }) => [name, partitions[0]?.state]))
    // What an operator set, what is being built, and what runs, stay.
    expect(states).toEqual({ ledger: 'detached', other: 'live', held: 'paused', building: 'rebuilding' })
    await log.append(['a'])
    await engine.add(ledger({ rows: store.rows }))
    await engine.waitFor(2, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 2] })
  })
})

describe('states', () => {
  it('go from new to catching up to live, and a rebuild stays one until somebody says otherwise', async () => {
    const log = new LogOfEvents()
    const store = new InMemorySubscriptionStore()
    const states: string[] = []
    const engine = fastEngine(
      log,
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (name === 'markState') {
            return (...args: Parameters<typeof store.markState>) => {
              states.push(`${args[0].key.name} ${args[1]}`)
              return store.markState(...args)
            }
          }
          return typeof member === 'function' ? member.bind(target) : member
        },
      }),
      { catchUpPageSize: 2 },
    )
    engines.push(engine)
    await log.append(['a', 'b', 'a', 'b', 'a'])
    await engine.add(ledger({ rows: store.rows }))
    await engine.add(ledger({ name: 'building', initialState: 'rebuilding', rows: store.rows }))
    await engine.start()
    await engine.waitFor(5, ['ledger', { name: 'building', generation: 1 }])
    await eventually('live', async () => (await store.get(key))?.partitions[0]?.state === 'live')
    expect(states).toEqual(['ledger catching-up', 'ledger live'])
    expect((await store.get({ name: 'building', generation: 1 }))?.partitions[0]).toMatchObject({ state: 'rebuilding', checkpoint: 5 })
    expect(ledgerOf(store.rows, 'building')).toEqual(ledgerFrom(await log.all()))
  })
})

describe('stopping', () => {
  it('finishes and stores the batch that is under way, gives the leases back and leaves', async () => {
    const { promise: hold, resolve: go } = Promise.withResolvers<void>()
    let begun = 0
    const { log, store, engine, partition } = await given({}, { batchSize: 2 })
    await engine.remove(key)
    // Far behind the head, where commits come late.
    await log.append(['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd'])
    await engine.add(ledger({ rows: store.rows, before: () => (begun++ === 0 ? hold : undefined) }))
    await eventually('it is in the middle', () => begun > 0)
    const stopping = engine.stop()
    await new Promise((resolve) => setTimeout(resolve, 250))
    // Longer than the lease: it is renewed until the end.
    expect((await partition())?.owner).toBe(engine.memberId)
    go()
    await stopping
    expect(await partition()).toMatchObject({ owner: undefined, checkpoint: 2 })
    expect(ledgerOf(store.rows)).toEqual({ a: [1], b: [2] })
    const { members } = await store.heartbeat({ id: 'watcher', label: '', runs: [] }, [], 1_000)
    expect(members.map(({ id }) => id)).toEqual(['watcher'])
    await expect(engine.add(ledger({ rows: store.rows }))).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
  })

  it('without draining, drops what is under way', async () => {
    let signal: AbortSignal | undefined
    const { log, store, engine, partition } = await given({
      before: () => new Promise<void>(() => {}),
    })
    const consumer = ledger({ name: 'watched', rows: store.rows, before: () => new Promise<void>(() => {}) })
    await engine.add({ ...consumer, open: (opened) => ((signal = opened.signal), consumer.open(opened)) })
    await log.append(['a'])
    await eventually('it is open', () => signal !== undefined)
    await engine.stop({ drain: false })
    expect(signal?.aborted).toBe(true)
    expect(ledgerOf(store.rows)).toEqual({})
    // The lease is not given back: a handler may still be at it. It runs out.
    expect((await partition())?.checkpoint).toBe(0)
  })

  it('can be cut short while it waits for a handler that never ends', async () => {
    let begun = 0
    const { log, engine } = await given({
      before: () => {
        begun++
        return new Promise<void>(() => {})
      },
    })
    await log.append(['a'])
    await eventually('it is in the middle', () => begun > 0)
    let stopped = false
    const stopping = engine.stop().then(() => (stopped = true))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(stopped).toBe(false)
    await engine.stop({ drain: false })
    await stopping
  })

  it('leaves no timer behind', async () => {
    const { log, engine } = await given({ partitions: 3 })
    await log.append(['a', 'b'])
    await engine.waitFor(2, ['ledger'])
    await engine.stop()
    const before = timers()
    const other = await given({ partitions: 3 })
    await other.log.append(['a', 'b'])
    await other.engine.waitFor(2, ['ledger'])
    await other.engine.stop()
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
