import { DatabaseUnavailableError, noFaults, type FaultHook, type SubscriptionEngine } from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breakingReader, breakingStore, JumpingClock, randomFrom, steal, type Chaos } from './chaos.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const plan = fc.record({
  seed: fc.integer(),
  before: fc.integer({ min: 0, max: 120 }),
  during: fc.integer({ min: 0, max: 120 }),
  streams: fc.integer({ min: 1, max: 12 }),
  partitions: fc.integer({ min: 1, max: 4 }),
  everyType: fc.boolean(),
  window: fc.integer({ min: 1, max: 50 }),
  pageSize: fc.integer({ min: 1, max: 20 }),
  catchUpPageSize: fc.integer({ min: 1, max: 30 }),
  batchSize: fc.integer({ min: 1, max: 20 }),
  commit: fc.record({
    events: fc.integer({ min: 1, max: 60 }),
    rows: fc.integer({ min: 1, max: 20 }),
    ms: fc.integer({ min: 1, max: 30 }),
  }),
  engines: fc.integer({ min: 1, max: 3 }),
  hinting: fc.boolean(),
  rate: fc.constantFrom(0, 0.03, 0.1, 0.2),
  failing: fc.constantFrom(0, 0.02, 0.1),
  tells: fc.constantFrom('plain', 'named', 'kept'),
  steals: fc.integer({ min: 0, max: 4 }),
  restarts: fc.integer({ min: 0, max: 2 }),
})

const leaseMs = 200

describe('whatever the batches, and whatever breaks', () => {
  it('every event is handled once and in the order of its stream', { timeout: 240_000 }, async () => {
    const hits = { lostBefore: 0, lostAfter: 0, reads: 0, steals: 0 }
    let failures = 0
    await fc.assert(
      fc.asyncProperty(plan, async (p) => {
        const random = randomFrom(p.seed)
        const chaos: Chaos = { random, rate: p.rate, hits }
        const clock = new JumpingClock()
        const faults: FaultHook =
          p.rate === 0
            ? noFaults
            : () => {
                if (random() < chaos.rate) throw new DatabaseUnavailableError('a fault point', new Error('the connection was cut'))
              }
        const log = new LogOfEvents({ window: p.window, hinting: p.hinting })
        const store = new InMemorySubscriptionStore({ clock, faults })
        const append = async (count: number): Promise<void> => {
          for (let i = 0; i < count; i++) {
            await log.append([`s${Math.floor(random() * p.streams)}`], random() < 0.4 ? 'order.ignored' : 'order.noted')
            if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 3))
          }
        }
        const consumer = ledger({
          rows: store.rows,
          types: p.everyType ? '*' : ['order.noted'],
          partitions: p.partitions,
          commit: p.commit,
          tells: p.tells,
          failure: { retry: { attempts: 50, backoff: { kind: 'fixed', delayMs: 1 }, jitter: 0 } },
          before: () => {
            if (chaos.rate > 0 && random() < p.failing) {
              failures++
              throw new Error('the handler failed')
            }
          },
        })
        const { key } = consumer.spec
        const begin = async (): Promise<SubscriptionEngine> => {
          const engine = fastEngine(log, breakingStore(store, chaos), {
            reader: breakingReader(log.reader, chaos),
            leaseMs,
            pageSize: p.pageSize,
            catchUpPageSize: p.catchUpPageSize,
            batchSize: p.batchSize,
            faults,
          })
          await engine.add(consumer)
          await engine.start()
          return engine
        }
        await append(p.before)
        const engines = await Promise.all(Array.from({ length: p.engines }, begin))
        const writing = append(p.during)
        for (let i = 0; i < p.steals; i++) {
          await new Promise((resolve) => setTimeout(resolve, random() * 15))
          if (await steal(store, clock, key, Math.floor(random() * p.partitions), leaseMs)) hits.steals++
        }
        for (let i = 0; i < p.restarts; i++) {
          await new Promise((resolve) => setTimeout(resolve, random() * 15))
          await engines.shift()?.stop({ drain: random() < 0.5 })
          engines.push(await begin())
        }
        await writing
        chaos.rate = 0
        await eventually(`all partitions at ${log.end}: ${JSON.stringify(p)}`, async () =>
          ((await store.get(key))?.partitions ?? []).every(({ checkpoint }) => checkpoint === log.end),
        )
        await Promise.all(engines.map((engine) => engine.stop()))
        const wanted = (await log.all()).filter(({ type }) => p.everyType || type === 'order.noted')
        expect(ledgerOf(store.rows)).toEqual(ledgerFrom(wanted))
        expect(await store.parked({})).toEqual([])
      }),
      { numRuns: 60 },
    )
    // The test is worth what it breaks.
    expect(hits.lostBefore).toBeGreaterThan(10)
    expect(hits.lostAfter).toBeGreaterThan(10)
    expect(hits.reads).toBeGreaterThan(10)
    expect(hits.steals).toBeGreaterThan(10)
    expect(failures).toBeGreaterThan(10)
  })
})
