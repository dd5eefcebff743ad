import { SubscriptionEngine, type Consumer, type SubscriptionEngine as Engine } from '@cairn/core'
import { InMemoryHints, InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CountingReader } from './counting-reader.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const engines: Engine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

function given(options: { readonly pollMs?: number; readonly hinting?: boolean } & Record<string, unknown> = {}) {
  const log = new LogOfEvents()
  const reader = new CountingReader(log.reader)
  const store = new InMemorySubscriptionStore()
  const engine = fastEngine(log, store, { reader, pollMs: 10_000, ...options })
  engines.push(engine)
  return { log, reader, store, engine }
}

const allLive = (store: InMemorySubscriptionStore) => async () =>
  (await store.list()).every(({ partitions }) => partitions.every(({ state }) => state === 'live'))

describe('the feed', () => {
  it('reads the log once for all consumers at the head', async () => {
    const { log, reader, store, engine } = given()
    for (let i = 0; i < 10; i++) await engine.add(ledger({ name: `ledger-${i}`, rows: store.rows }))
    await engine.start()
    await eventually('all are live', allLive(store))
    reader.reads.length = 0
    const names = Array.from({ length: 10 }, (_, i) => `ledger-${i}`)
    for (let i = 0; i < 20; i++) {
      const { position } = await log.append(['a'])
      await engine.waitFor(position, names)
    }
    expect(reader.reads.reduce((sum, { events }) => sum + events, 0)).toBe(20)
    // A hint wakes it, and a wait asks once more; ten consumers reading for themselves would make two hundred.
    expect(reader.reads.length).toBeLessThanOrEqual(60)
  })

  it('asks only for the types that somebody at the head wants', async () => {
    const { log, reader, store, engine } = given()
    await engine.add(ledger({ name: 'ledger-a', types: ['order.noted', 'order.paid'], rows: store.rows }))
    await engine.add(ledger({ name: 'ledger-b', types: ['order.closed', 'order.paid'], rows: store.rows }))
    await engine.start()
    await eventually('both are live', allLive(store))
    reader.reads.length = 0
    const { position } = await log.append(['a'], 'order.paid')
    await engine.waitFor(position, ['ledger-a', 'ledger-b'])
    expect(reader.reads.at(-1)?.types).toEqual(['order.closed', 'order.noted', 'order.paid'])
    await engine.add(ledger({ name: 'ledger-c', types: '*', rows: store.rows }))
    await eventually('it is live', allLive(store))
    reader.reads.length = 0
    await log.append(['a'], 'order.other')
    await eventually('it was read', () => reader.reads.length > 0)
    expect(reader.reads.every(({ types }) => types === undefined)).toBe(true)
  })

  it('delivers at the poll, and no later, when no hint ever comes', async () => {
    vi.useFakeTimers()
    try {
      const log = new LogOfEvents({ hinting: false })
      const store = new InMemorySubscriptionStore()
      const reader = new CountingReader(log.reader)
      const engine = fastEngine(log, store, { reader, hints: new InMemoryHints(), pollMs: 500, heartbeatMs: 100 })
      await engine.add(ledger({ rows: store.rows }))
      await engine.start()
      await vi.advanceTimersByTimeAsync(1_000)
      const before = reader.reads.length
      while (reader.reads.length === before) await vi.advanceTimersByTimeAsync(1)
      await log.append(['a'])
      await vi.advanceTimersByTimeAsync(499)
      const early = ledgerOf(store.rows)
      await vi.advanceTimersByTimeAsync(2)
      expect(ledgerOf(store.rows)).toEqual({ a: [1] })
      // Not a hint in disguise, nor a poll that comes more often.
      expect(early).toEqual({})
      const stopping = engine.stop()
      await vi.advanceTimersByTimeAsync(1_000)
      await stopping
    } finally {
      vi.useRealTimers()
    }
  })

  it('makes one more read for hints that come during a read, however many', async () => {
    const { log, reader, store, engine } = given()
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    await eventually('live', allLive(store))
    reader.reads.length = 0
    for (let i = 0; i < 100; i++) log.hints.send()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(reader.reads.length).toBeGreaterThanOrEqual(1)
    expect(reader.reads.length).toBeLessThanOrEqual(2)
  })

  it('reads nothing while no consumer is at the head', async () => {
    const { log, reader, engine } = given({ pollMs: 5 })
    await engine.start()
    await log.append(['a'])
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(reader.reads).toEqual([])
  })

  it('hands over from catching up without a gap or a double, while events pour in', async () => {
    const { log, reader, store, engine } = given({ pageSize: 10, catchUpPageSize: 25, pollMs: 5 })
    await engine.add(ledger({ name: 'ledger-first', rows: store.rows }))
    await engine.start()
    const writing = new AbortController()
    const writer = (async () => {
      for (let i = 0; !writing.signal.aborted; i++) {
        await log.append([`s${i % 7}`, `s${i % 5}`])
        if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const added: Consumer[] = []
    for (let i = 0; i < 8; i++) {
      const consumer = ledger({ name: `ledger-${i}`, rows: store.rows, partitions: 1 + (i % 3) })
      added.push(consumer)
      await engine.add(consumer)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    writing.abort()
    await writer
    await engine.waitFor(
      log.end,
      added.map(({ spec }) => spec.key.name),
    )
    const expected = ledgerFrom(await log.all())
    for (const { spec } of added) expect(ledgerOf(store.rows, spec.key.name)).toEqual(expected)
    // Most pages came through the feed, not by reading alone.
    const { attached } = (await engine.status()).feed
    expect(attached).toBe(1 + 1 + 2 + 3 + 1 + 2 + 3 + 1 + 2)
    expect(reader.reads.length).toBeGreaterThan(0)
  })

  it('lets a slow consumer fall off, which catches up by itself and comes back', async () => {
    const { log, store, engine } = given({ pageSize: 4, catchUpPageSize: 8, batchSize: 2 })
    let hold: Promise<void> | undefined
    const slow = ledger({ rows: store.rows, before: () => hold })
    await engine.add(slow)
    await engine.add(ledger({ name: 'quick', rows: store.rows }))
    await engine.start()
    await eventually('live', allLive(store))
    const { promise, resolve } = Promise.withResolvers<void>()
    hold = promise
    for (let i = 0; i < 60; i++) {
      const { position } = await log.append([`s${i % 3}`])
      await engine.waitFor(position, ['quick'])
    }
    expect((await engine.status()).feed.attached).toBe(1)
    resolve()
    hold = undefined
    await engine.waitFor(log.end, ['ledger'])
    await eventually('back at the head', async () => (await engine.status()).feed.attached === 2)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
    expect(ledgerOf(store.rows, 'quick')).toEqual(ledgerFrom(await log.all()))
  })

  it('goes on when the log can be read again', async () => {
    const log = new LogOfEvents()
    const store = new InMemorySubscriptionStore()
    let away = false
    const engine = new SubscriptionEngine({
      reader: {
        logId: () => log.reader.logId(),
        head: () => log.reader.head(),
        positionAt: (time) => log.reader.positionAt(time),
        read: (options) => (away ? Promise.reject(new Error('the database is away')) : log.reader.read(options)),
      },
      store,
      hints: log.hints,
      lift: (event) => event,
      knows: () => true,
      outageMs: 5,
      pollMs: 10,
    })
    engines.push(engine)
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    await eventually('live', allLive(store))
    away = true
    await log.append(['a', 'b'])
    await eventually('it shows', async () => (await engine.status()).feed.failure === 'the database is away')
    away = false
    await engine.waitFor(2, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1], b: [2] })
    expect((await engine.status()).feed.failure).toBeUndefined()
  })
})
