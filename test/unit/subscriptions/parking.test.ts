import {
  DatabaseUnavailableError,
  type FailurePolicy,
  type RecordedEvent,
  type SubscriptionEngine,
  type SubscriptionEngineOptions,
} from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { RecordedLogger } from '../decorators/recorded-logger.ts'
import { randomFrom } from './chaos.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const key = { name: 'ledger', generation: 1 }
const engines: SubscriptionEngine[] = []
const soon: FailurePolicy['retry'] = { attempts: 3, backoff: { kind: 'fixed', delayMs: 1 }, jitter: 0 }

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

/** Counts the looks at parked events. */
class CountingStore extends InMemorySubscriptionStore {
  looks = 0

  override async parked(filter: Parameters<InMemorySubscriptionStore['parked']>[0]) {
    this.looks++
    return super.parked(filter)
  }
}

async function given(options: {
  readonly poison: (event: RecordedEvent) => boolean
  readonly failure?: Partial<FailurePolicy>
  readonly partitions?: number
  readonly initialState?: 'rebuilding'
  readonly error?: () => Error
  readonly tells?: 'plain' | 'named' | 'kept'
  readonly settings?: Partial<SubscriptionEngineOptions>
}) {
  const log = new LogOfEvents()
  const store = new CountingStore()
  const logger = new RecordedLogger()
  const tries: { readonly position: number; readonly attempt: number; readonly retried: boolean }[] = []
  const state = { poison: options.poison }
  const engine = fastEngine(log, store, { logger, ...options.settings })
  engines.push(engine)
  const consumer = ledger({
    rows: store.rows,
    partitions: options.partitions ?? 1,
    initialState: options.initialState,
    tells: options.tells,
    failure: { retry: soon, ...options.failure },
    before: (event, attempt, retried) => {
      if (!state.poison(event)) return
      tries.push({ position: event.position, attempt, retried })
      throw (options.error ?? (() => new Error('cannot handle this')))()
    },
  })
  const start = async (): Promise<void> => {
    await engine.add(consumer)
    await engine.start()
  }
  const partition = async (i = 0) => (await store.get(key))?.partitions[i]
  return { log, store, logger, tries, state, engine, start, consumer, partition }
}

describe('an event that cannot be handled', () => {
  it('is tried as often as the policy says, then parked; its key waits, the others go on', async () => {
    const { log, store, tries, engine, start, partition, logger } = await given({ poison: ({ position }) => position === 2 })
    await log.append(['a', 'b', 'c', 'b', 'a', 'b'])
    await start()
    await engine.waitFor(6, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 5], c: [3] })
    // The tries that look for the culprit come before those that count.
    expect(tries.map(({ attempt }) => attempt).slice(-2)).toEqual([2, 3])
    const parked = await store.parked({ key })
    expect(parked.map(({ position, status, parkingKey }) => ({ position, status, parkingKey }))).toEqual([
      { position: 2, status: 'parked', parkingKey: 'acme/order/b' },
      { position: 4, status: 'waiting', parkingKey: 'acme/order/b' },
      { position: 6, status: 'waiting', parkingKey: 'acme/order/b' },
    ])
    expect(parked[0]?.failure).toMatchObject({ category: 'Error', message: 'cannot handle this', attempts: 3, position: 2 })
    await eventually('live', async () => (await partition())?.state === 'live')
    expect(await partition()).toMatchObject({ checkpoint: 6, parked: 1, waiting: 2, failure: undefined })
    expect(logger.lines.some(({ level, position }) => level === 'error' && position === 2)).toBe(true)
  })

  it('shows the tries and the last error while it is tried', async () => {
    const { log, start, partition } = await given({
      poison: () => true,
      failure: { retry: { attempts: 4, backoff: { kind: 'fixed', delayMs: 40 }, jitter: 0 } },
    })
    await log.append(['a'])
    await start()
    await eventually('the second try is stored', async () => {
      const now = await partition()
      return now?.state === 'retrying' && now.failure?.attempts === 2
    })
    expect((await partition())?.failure).toMatchObject({ message: 'cannot handle this', position: 1 })
  })

  it('heals in order when it is tried again after the code was corrected', async () => {
    const { log, store, state, engine, start, partition } = await given({ poison: ({ position }) => position === 1 || position === 4 })
    await log.append(['a', 'a', 'b', 'a', 'a'])
    await start()
    await engine.waitFor(5, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ b: [3] })
    // Only the first is corrected: what waits goes on up to the next that fails.
    state.poison = ({ position }) => position === 4
    expect(await engine.retryParked(key, [1])).toBe(1)
    await eventually('the second stands first', async () => (await partition())?.waiting === 1)
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 2], b: [3] })
    expect((await store.parked({ key })).map(({ position, status }) => [position, status])).toEqual([
      [4, 'parked'],
      [5, 'waiting'],
    ])
    state.poison = () => false
    await log.append(['a'])
    await engine.waitFor(6, ['ledger'])
    expect(ledgerOf(store.rows)['a']).toEqual([1, 2])
    await engine.retryParked(key)
    await eventually('nothing is parked', async () => (await store.parked({ key })).length === 0)
    await log.append(['a'])
    await engine.waitFor(7, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('is tried again after it fails again, and stays parked meanwhile', async () => {
    const { log, store, tries, engine, start } = await given({ poison: ({ position }) => position === 1 })
    await log.append(['a', 'a'])
    await start()
    await engine.waitFor(2, ['ledger'])
    await engine.retryParked(key)
    await eventually('it was tried again', () => tries.some(({ retried }) => retried))
    await eventually('the request is done', async () => (await store.parked({ key, requestedOnly: true })).length === 0)
    expect((await store.parked({ key })).map(({ status, failure }) => [status, failure?.attempts])).toEqual([
      ['parked', 4],
      ['waiting', undefined],
    ])
  })

  it('that fails again does not take back what the checkpoint has moved past since, events of others only', async () => {
    const { log, store, tries, engine, start, partition } = await given({
      poison: ({ position }) => position === 1,
      // It would be stored long after the test has ended.
      settings: { lazyCheckpointMs: 600_000 },
    })
    await log.append(['a'])
    await start()
    await engine.waitFor(1, ['ledger'])
    const foreign = await log.append(['a', 'a'], 'order.paid')
    await engine.waitFor(foreign.position, ['ledger'])
    expect((await partition())?.checkpoint).toBe(1)
    await engine.retryParked(key)
    await eventually('it was tried again', () => tries.some(({ retried }) => retried))
    await eventually('the request is done', async () => (await store.parked({ key, requestedOnly: true })).length === 0)
    expect((await partition())?.checkpoint).toBe(foreign.position)
  })

  it('that fails again before many that wait ends its turn, and lets those of other keys heal', async () => {
    const { log, store, state, engine, start } = await given({ poison: ({ position }) => position === 1 || position === 252 })
    await log.append(Array.from({ length: 251 }, () => 'a'))
    await log.append(['b'])
    await start()
    await engine.waitFor(252, ['ledger'])
    state.poison = ({ position }) => position === 1
    store.looks = 0
    await engine.retryParked(key)
    await eventually('the other key is healed', () => ledgerOf(store.rows)['b'] !== undefined)
    await eventually('nothing is asked for', async () => (await store.parked({ key, requestedOnly: true })).length === 0)
    expect((await store.parked({ key })).map(({ position }) => position)).toEqual(Array.from({ length: 251 }, (_, i) => i + 1))
    expect(store.looks).toBeLessThan(100)
    state.poison = () => false
    await engine.retryParked(key)
    await eventually('nothing is parked', async () => (await store.parked({ key })).length === 0)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('is forgotten where that is asked for while a retry of it runs and fails', async () => {
    const { log, store, state, engine, start } = await given({ poison: ({ position }) => position === 1 })
    await log.append(['a', 'a'])
    await start()
    await engine.waitFor(2, ['ledger'])
    let asked: Promise<number> | undefined
    state.poison = ({ position }) => {
      if (position === 1) asked ??= engine.discardParked(key, [1])
      return position === 1
    }
    await engine.retryParked(key)
    await eventually('nothing is parked', async () => (await store.parked({ key })).length === 0)
    expect(await asked).toBe(1)
    expect(ledgerOf(store.rows)).toEqual({ a: [2] })
  })

  it('leaves nobody behind who waits when its process dies between it and them', async () => {
    const { log, store, state, engine, start, consumer, partition } = await given({ poison: ({ position }) => position === 1 })
    await log.append(['a', 'a', 'b', 'a'])
    await start()
    await engine.waitFor(4, ['ledger'])
    await engine.stop()
    // As one that dies when it has handled the first: no more of it happens.
    const fingerprint = (await store.get(key))?.fingerprint ?? ''
    const taken = await store.take(key, 0, 'dies', fingerprint, 60)
    if (taken === undefined) throw new Error('The partition was free.')
    await store.request(key, 'retry', [1])
    await store.commit(taken.lease, { unpark: [1] })
    state.poison = () => false
    const next = fastEngine(log, store)
    engines.push(next)
    await next.add(consumer)
    await next.start()
    await eventually('nothing waits', async () => (await partition())?.waiting === 0)
    expect(ledgerOf(store.rows)).toEqual({ a: [2, 4], b: [3] })
  })

  it('is forgotten when it is discarded, and what waited is handled', async () => {
    const { log, store, engine, start } = await given({ poison: ({ position }) => position === 1 })
    await log.append(['a', 'a', 'a'])
    await start()
    await engine.waitFor(3, ['ledger'])
    await engine.discardParked(key, [1])
    // Somebody has to ask for what waited: discarding the first frees the rest.
    await eventually('nothing is parked', async () => (await store.parked({ key })).length === 0)
    await log.append(['a'])
    await engine.waitFor(4, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [2, 3, 4] })
  })

  it('lets later events of its key go on where the policy says so', async () => {
    const { log, store, engine, start } = await given({ poison: ({ position }) => position === 1, failure: { blockKey: false } })
    await log.append(['a', 'a', 'b'])
    await start()
    await engine.waitFor(3, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [2], b: [3] })
    expect((await store.parked({ key })).map(({ position }) => position)).toEqual([1])
  })

  it('stops the partition where the policy says so, and goes on when resumed', async () => {
    const { log, store, state, engine, start, partition } = await given({
      poison: ({ position }) => position === 3,
      failure: { onExhausted: 'stop' },
    })
    await log.append(['a', 'b', 'c', 'd'])
    await start()
    await eventually('failed', async () => (await partition())?.state === 'failed')
    expect(await partition()).toMatchObject({ checkpoint: 2, owner: undefined, failure: { position: 3, attempts: 3 } })
    state.poison = () => false
    await engine.resume(key)
    await engine.waitFor(4, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('stops a rebuild at once, which names it', async () => {
    const { log, tries, start, partition } = await given({ poison: ({ position }) => position === 2, initialState: 'rebuilding' })
    await log.append(['a', 'b', 'c'])
    await start()
    await eventually('failed', async () => (await partition())?.state === 'failed')
    const second = (await log.all())[1]
    expect((await partition())?.failure).toMatchObject({ position: 2, eventId: second?.id })
    expect(await partition()).toMatchObject({ checkpoint: 1 })
    expect(tries.every(({ attempt }) => attempt === 1)).toBe(true)
  })

  it('fails the partition when more wait than are allowed, and loses none of them', async () => {
    const { log, store, state, engine, start, partition } = await given({
      poison: ({ position }) => position === 1,
      failure: { maxWaiting: 3 },
    })
    await log.append(['a', 'a', 'b', 'a', 'a', 'b'])
    await start()
    await eventually('failed', async () => (await partition())?.state === 'failed')
    expect(await partition()).toMatchObject({ checkpoint: 4, parked: 1, waiting: 2, failure: { category: 'TooManyWaiting', position: 5 } })
    state.poison = () => false
    await engine.retryParked(key)
    await engine.resume(key)
    await engine.waitFor(6, ['ledger'])
    await eventually('nothing is parked', async () => (await store.parked({ key })).length === 0)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('is never parked for what is no fault of its own: the database away', async () => {
    let left = 20
    const { log, store, engine, start } = await given({
      poison: () => left-- > 0,
      error: () => new Error('wrapped', { cause: new DatabaseUnavailableError('rows', undefined) }),
      failure: { retry: { attempts: 1, backoff: { kind: 'fixed', delayMs: 0 }, jitter: 0 } },
    })
    await log.append(['a', 'b'])
    await start()
    await engine.waitFor(2, ['ledger'])
    expect(await store.parked({ key })).toEqual([])
    expect(ledgerOf(store.rows)).toEqual({ a: [1], b: [2] })
  })

  it('blocks its key in whichever process goes on', async () => {
    const { log, store, engine, start } = await given({ poison: ({ position }) => position === 1 })
    await log.append(['a'])
    await start()
    await engine.waitFor(1, ['ledger'])
    await engine.stop()
    const other = fastEngine(log, store)
    engines.push(other)
    await other.add(ledger({ rows: store.rows }))
    await other.start()
    await log.append(['a', 'b'])
    await other.waitFor(3, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ b: [3] })
    await other.retryParked(key)
    await eventually('healed', async () => (await store.parked({ key })).length === 0)
    expect(ledgerOf(store.rows)).toEqual({ a: [1, 2], b: [3] })
  })
})

describe('whatever is poisoned, and whenever it heals', () => {
  it('each stream is handled in its order, once, and the streams without poison never wait', { timeout: 240_000 }, async () => {
    let waited = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer(),
          events: fc.integer({ min: 1, max: 60 }),
          streams: fc.integer({ min: 1, max: 6 }),
          partitions: fc.integer({ min: 1, max: 3 }),
          tells: fc.constantFrom('plain', 'named', 'kept'),
        }),
        async ({ seed, events, streams, partitions, tells }) => {
          const random = randomFrom(seed)
          const bad = new Set(Array.from({ length: 3 }, () => 1 + Math.floor(random() * events)))
          const { log, store, state, engine, start } = await given({
            poison: ({ position }) => bad.has(position),
            failure: { retry: { ...soon, attempts: 2, backoff: { kind: 'fixed', delayMs: 0 } } },
            partitions,
            tells,
          })
          const append = () => log.append([`s${Math.floor(random() * streams)}`])
          for (let i = 0; i < events / 2; i++) await append()
          await start()
          for (let i = 0; i < events / 2; i++) await append()
          await engine.waitFor(log.end, ['ledger'])
          const all = await log.all()
          const poisoned = new Set(all.filter(({ position }) => bad.has(position)).map(({ aggregateId }) => aggregateId))
          const healthy = all.filter(({ aggregateId }) => !poisoned.has(aggregateId))
          expect(ledgerOf(store.rows)).toMatchObject(ledgerFrom(healthy))
          waited += (await store.parked({ key })).filter(({ status }) => status === 'waiting').length
          for (const position of bad) {
            bad.delete(position)
            await append()
            await engine.retryParked(key)
          }
          state.poison = () => false
          await eventually('all healed', async () => {
            const parked = await store.parked({ key })
            if (parked.length > 0 && parked.every(({ request }) => request === undefined)) await engine.retryParked(key)
            return parked.length === 0
          })
          await append()
          await engine.waitFor(log.end, ['ledger'])
          expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
          await engine.stop()
        },
      ),
      { numRuns: 100 },
    )
    expect(waited).toBeGreaterThan(20)
  })
})
