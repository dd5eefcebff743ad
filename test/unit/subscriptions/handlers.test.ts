import {
  fingerprintOf,
  handlerConsumer,
  resolveStart,
  type HandlerConsumerOptions,
  type HandlerContext,
  type PhysicalTable,
  type RecordedEvent,
  type SubscriptionEngine,
  type SubscriptionEngineOptions,
  type SubscriptionHandler,
  type SubscriptionObserver,
} from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { RecordedLogger } from '../decorators/recorded-logger.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { LogOfEvents } from './log-of-events.ts'

const key = { name: 'mailer', generation: 1 }
const soon = { attempts: 3, backoff: { kind: 'fixed', delayMs: 1 }, jitter: 0 } as const
const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

function given(settings: Partial<SubscriptionEngineOptions> = {}) {
  const log = new LogOfEvents()
  const store = new InMemorySubscriptionStore()
  const engine = fastEngine(log, store, settings)
  engines.push(engine)
  const subscribe = async (handler: SubscriptionHandler, options: Partial<HandlerConsumerOptions> = {}): Promise<void> => {
    await engine.add(handlerConsumer({ name: 'mailer', types: ['order.noted'], retry: soon, ...options }, handler))
    await engine.start()
  }
  return { log, store, engine, subscribe }
}

const define = (options: Partial<HandlerConsumerOptions>) => () =>
  handlerConsumer({ name: 'mailer', types: ['order.noted'], ...options }, () => {})

const written = (store: InMemorySubscriptionStore): readonly unknown[] => store.rows.rows('counts').map((row) => row.key[0])

const fail = (): never => {
  throw new Error('the metrics are broken')
}

describe('a plain handler', () => {
  it('gets each event once, in order, with an idempotency key', async () => {
    const { log, engine, subscribe } = given()
    const seen: [number, HandlerContext][] = []
    await subscribe((event, context) => void seen.push([event.position, context]))
    await log.append(['a', 'b', 'a'])
    const last = await log.append(['b'])
    await engine.waitFor(last.position, ['mailer'])
    expect(seen.map(([position]) => position)).toEqual([1, 2, 3, 4])
    expect(seen.at(-1)?.[1]).toMatchObject({ idempotencyKey: `mailer:${last.id}`, attempt: 1, retried: false, tx: undefined })
  })

  it('is called as often as the policy says, and not again for the events before the one that fails', async () => {
    const { log, store, engine, subscribe } = given()
    const calls: string[] = []
    await log.append(['a', 'b', 'c', 'd'])
    await subscribe((event, { attempt }) => {
      calls.push(`${event.position}/${attempt}`)
      if (event.position === 3) throw new Error('no such address')
    })
    await engine.waitFor(4, ['mailer'])
    expect(calls).toEqual(['1/1', '2/1', '3/1', '3/2', '3/3', '4/1'])
    expect((await store.parked({ key })).map(({ position }) => position)).toEqual([3])
  })

  it('is called once for an event that must not be tried twice', async () => {
    const { log, engine, subscribe } = given()
    let calls = 0
    await subscribe(
      () => {
        calls++
        throw new Error('no')
      },
      { retry: { attempts: 1 } },
    )
    await log.append(['a'])
    await engine.waitFor(1, ['mailer'])
    expect(calls).toBe(1)
  })

  it('gets an event that is tried again at an operator’s wish', async () => {
    const { log, store, engine, subscribe } = given()
    let broken = true
    const retried: HandlerContext[] = []
    await subscribe((_, context) => {
      if (context.retried) retried.push(context)
      if (broken) throw new Error('the mail server is away')
    })
    await log.append(['a'])
    await engine.waitFor(1, ['mailer'])
    broken = false
    await engine.retryParked(key)
    await eventually('healed', async () => (await store.parked({ key })).length === 0)
    expect(retried).toMatchObject([{ attempt: 4, retried: true }])
  })

  it('keeps streams in order and apart over several partitions', async () => {
    const { log, engine, subscribe } = given()
    const seen: RecordedEvent[] = []
    const streams = Array.from({ length: 12 }, (_, i) => `s${i}`)
    await log.append([...streams, ...streams])
    await subscribe(
      async (event) => {
        await new Promise((resolve) => setTimeout(resolve, event.position % 3))
        seen.push(event)
      },
      { partitions: 4 },
    )
    await log.append(streams)
    await engine.waitFor(log.end, ['mailer'])
    expect(seen).toHaveLength(36)
    for (const stream of streams) {
      const versions = seen.filter(({ aggregateId }) => aggregateId === stream).map(({ version }) => version)
      expect(versions).toEqual([1, 2, 3])
    }
  })

  it.each(['start', 'end', 'position', 'time'] as const)('begins at the %s, and then goes on from its checkpoint', async (from) => {
    const { log, engine, subscribe } = given()
    await log.append(['a', 'a'])
    await new Promise((resolve) => setTimeout(resolve, 5))
    const time = new Date()
    await log.append(['a', 'a'])
    const start = { start: 'start', end: 'end', position: { position: 3 }, time: { time } } as const
    const startAfter = await resolveStart(log.reader, start[from])
    const seen: number[] = []
    await subscribe((event) => void seen.push(event.position), { startAfter })
    const last = await log.append(['a'])
    await engine.waitFor(last.position, ['mailer'])
    expect(seen).toEqual({ start: [1, 2, 3, 4, 5], end: [5], position: [4, 5], time: [3, 4, 5] }[from])
    await engine.remove(key)
    await engine.add(handlerConsumer({ name: 'mailer', types: ['order.noted'], startAfter: 0 }, (event) => void seen.push(event.position)))
    const next = await log.append(['a'])
    await engine.waitFor(next.position, ['mailer'])
    expect(seen.slice(-2)).toEqual([5, 6])
  })

  it('parks what cannot be lifted to the newest schema', async () => {
    const { log, store, engine, subscribe } = given({
      lift: (event) => {
        if (event.position === 2) throw new Error('the upcaster failed')
        return { ...event, payload: 'lifted' }
      },
    })
    const seen: unknown[] = []
    await subscribe(({ position, payload }) => void seen.push([position, payload]))
    await log.append(['a', 'b', 'c'])
    await engine.waitFor(3, ['mailer'])
    expect(seen).toEqual([
      [1, 'lifted'],
      [3, 'lifted'],
    ])
    expect(await store.parked({ key })).toMatchObject([
      { position: 2, parkingKey: 'acme/order/b', failure: { message: 'the upcaster failed' } },
    ])
  })

  it.each([5, Infinity])('counts one try of what cannot be lifted, where the policy allows %d, and asks for no wait', async (attempts) => {
    const { log, store, engine, subscribe } = given({
      lift: () => {
        throw new Error('the upcaster failed')
      },
    })
    const asked: number[] = []
    const delayMs = (attempt: number): number => {
      asked.push(attempt)
      return 1
    }
    await subscribe(() => undefined, { retry: { attempts, backoff: { kind: 'custom', delayMs } } })
    await log.append(['a'])
    await engine.waitFor(1, ['mailer'])
    expect(await store.parked({ key })).toMatchObject([{ position: 1, status: 'parked', failure: { attempts: 1 } }])
    expect(asked).toEqual([])
  })

  it('refuses a name, a version, partitions and types that are none', () => {
    for (const name of ['Mailer', 'a b', '', '-a', 'a'.repeat(201)]) expect(define({ name })).toThrow('cannot name a subscription')
    expect(define({ version: 0 })).toThrow('version')
    expect(define({ partitions: 257 })).toThrow('partitions')
    expect(define({ types: [] })).toThrow('types')
    expect(define({ startAfter: -1 })).toThrow('start')
    expect(define({})().spec.fingerprint).toBe(fingerprintOf({ version: 1, types: ['order.noted'], partitionBy: 'stream', partitions: 1 }))
  })

  it('refuses a start that is none', async () => {
    const { log } = given()
    for (const from of [{ position: -1 }, { time: new Date('x') }]) {
      await expect(resolveStart(log.reader, from)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    }
  })
})

describe('a transactional handler', () => {
  const table: PhysicalTable = {
    name: 'counts',
    model: { name: 'counts', columns: [], key: ['id'], indexes: [], readAccess: undefined },
  }
  const write = (event: RecordedEvent, { tx }: HandlerContext): Promise<void> | undefined =>
    tx?.rows.write(table, {
      upserts: [{ tenantId: 'acme', key: [event.position], values: {}, position: event.position, partition: 0 }],
      deletes: [],
    })

  it('writes in the transaction that moves the checkpoint: all of it, or nothing', async () => {
    const { log, store, engine, subscribe } = given()
    await log.append(['a', 'b', 'c', 'd'])
    const calls: number[] = []
    await subscribe(
      async (event, context) => {
        calls.push(event.position)
        await write(event, context)
        if (event.position === 3) throw new Error('after the write')
      },
      { transactional: true },
    )
    await engine.waitFor(4, ['mailer'])
    expect(written(store)).toEqual([1, 2, 4])
    expect((await store.parked({ key })).map(({ position, failure }) => [position, failure?.attempts])).toEqual([[3, 3]])
    // Rolled back with the third, and done again.
    expect(calls.filter((position) => position === 1)).toHaveLength(2)
  })

  it('is tried again in a transaction of its own', async () => {
    const { log, store, engine, subscribe } = given()
    let broken = true
    await subscribe(
      async (event, context) => {
        await write(event, context)
        if (broken) throw new Error('no')
      },
      { transactional: true },
    )
    await log.append(['a', 'a'])
    await engine.waitFor(2, ['mailer'])
    broken = false
    await engine.retryParked(key)
    await eventually('healed', async () => (await store.parked({ key })).length === 0)
    expect(written(store)).toEqual([1, 2])
  })
})

describe('what is measured', () => {
  it('batches, commits, retries, lag, leases and the time from recorded to visible', async () => {
    const calls: string[] = []
    const note = (name: string) => (): void => void calls.push(name)
    const observer: SubscriptionObserver = {
      batchHandled: note('batch'),
      eventHandled: note('event'),
      eventVisible: note('visible'),
      committed: note('commit'),
      lag: note('lag'),
      failed: ({ outcome }) => void calls.push(outcome),
      parkedEventSettled: ({ outcome }) => void calls.push(outcome),
      lease: ({ change }) => void calls.push(change),
      logRead: note('read'),
    }
    const { log, store, engine, subscribe } = given({ observer })
    await subscribe((event) => {
      if (event.position === 2) throw new Error('no')
    })
    await eventually('live', async () => (await store.get(key))?.partitions[0]?.state === 'live')
    await log.append(['a', 'b', 'c'])
    await engine.waitFor(3, ['mailer'])
    await engine.discardParked(key)
    await eventually('discarded', () => calls.includes('discarded'))
    const status = (await engine.status()).subscriptions[0]
    expect(status).toMatchObject({ known: true, lag: 0, retries: 2, here: [{ partition: 0, position: 3 }] })
    expect(status?.latency?.count).toBeGreaterThanOrEqual(1)
    await engine.stop()
    expect([...new Set(calls)].toSorted()).toEqual(
      ['batch', 'commit', 'discarded', 'event', 'lag', 'parked', 'read', 'released', 'retried', 'taken', 'visible'].toSorted(),
    )
  })

  it('a slow handler is named, once', async () => {
    const logger = new RecordedLogger()
    const { log, engine, subscribe } = given({ logger, slowHandlerMs: 5 })
    await subscribe(() => new Promise((resolve) => setTimeout(resolve, 15)))
    await log.append(['a', 'b', 'c'])
    await engine.waitFor(3, ['mailer'])
    const slow = logger.lines.filter(({ message }) => message.includes('hold up'))
    expect(slow).toMatchObject([{ level: 'warn', subscription: 'mailer', eventType: 'order.noted' }])
  })

  it('an observer that throws harms nothing', async () => {
    const logger = new RecordedLogger()
    const { log, engine, subscribe } = given({
      logger,
      observer: { batchHandled: fail, committed: fail, lease: fail, lag: fail, logRead: fail },
    })
    const seen: number[] = []
    await subscribe((event) => void seen.push(event.position))
    await log.append(['a'])
    await engine.waitFor(1, ['mailer'])
    expect(seen).toEqual([1])
    expect(logger.lines.some(({ message }) => message === 'A subscription observer failed.')).toBe(true)
  })
})
