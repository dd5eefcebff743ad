import { createCairn, type Cairn, type RecordedEvent } from '@cairn/cairn'
import { billing, invoiceCommands, orderCommands, shop } from '@cairn/example-shop'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient, type Place } from './support/places.ts'

const database = await testDatabase()
const other = await testDatabase()
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

type ShopApp = Cairn<typeof shop | typeof billing>
/** Leases that nobody loses: what a handler has seen is counted here. */
const start = (place: Place): Promise<ShopApp> =>
  createCairn({ domains: [shop, billing], ...place, background: { pollMs: 50, leaseMs: 20_000, heartbeatMs: 200 } })

const handler = (): void => undefined

/** Creates an order; answers its event's position. */
async function order(app: ShopApp, orderId: string): Promise<number> {
  return (await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))).position
}

describe.each([
  ['in memory', 'm', inMemory],
  ['on PostgreSQL', 'p', onPostgres(database)],
])('a subscription %s', (_, __, place) => {
  it('sees exactly what it asked for: from the start, the end, a position, a time, a cursor', async () => {
    await using app = await start(place)
    const first = await order(app, 'start-1')
    const second = await order(app, 'start-2')
    await new Promise((resolve) => setTimeout(resolve, 5))
    const time = new Date()
    const third = await order(app, 'start-3')
    const all = (await app.events.readAll()).events.map(({ position }) => position)
    const cursor = await app.cursor(second)
    expect(await app.parseCursor(cursor)).toBe(second)

    const seen: Record<string, number[]> = {}
    const starts = { start: 'start', end: 'end', position: first, time, cursor: { cursor } } as const
    const subscriptions = []
    for (const [name, from] of Object.entries(starts)) {
      const list: number[] = (seen[name] = [])
      subscriptions.push(await app.subscribe(`from-${name}`, { types: '*', from }, ({ position }) => void list.push(position)))
    }
    const last = await order(app, 'start-4')
    await Promise.all(subscriptions.map((subscription) => subscription.waitFor(last, patient)))
    expect(seen).toEqual({
      start: [...all, last],
      end: [last],
      position: [second, third, last],
      time: [third, last],
      cursor: [third, last],
    })
  })

  it('goes on where it was when it is stopped and subscribed again, and its start no longer counts', async () => {
    const seen: string[] = []
    const run = async (app: ShopApp, id: string): Promise<void> => {
      const subscription = await app.subscribe(
        'goes-on',
        { types: 'order.created', from: 'end' },
        ({ aggregateId }) => void seen.push(aggregateId),
      )
      await subscription.waitFor(await order(app, id), patient)
      await subscription.stop()
    }
    await using app = await start(place)
    await order(app, 'before')
    await run(app, 'on-1')
    await order(app, 'meanwhile')
    if (place.database === 'memory') return void (await run(app, 'on-2'))
    await app.stop()
    await using next = await start(place)
    await run(next, 'on-2')
    expect(seen).toEqual(['on-1', 'meanwhile', 'on-2'])
  })

  it('gets the events of its patterns, with their types', async () => {
    await using app = await start(place)
    const seen: string[] = []
    const subscription = await app.subscribe('patterns', { types: ['invoice.*', 'order.ready'], from: 'end' }, (event) => {
      expectTypeOf(event.type).toExtend<`invoice.${string}` | 'order.ready'>()
      seen.push(event.type === 'invoice.created' ? `${event.type} ${event.payload.amount}` : event.type)
    })
    await order(app, 'patterns')
    await app.dispatch(orderCommands.markReady({ orderId: 'patterns' }))
    const { position } = await app.dispatch(invoiceCommands.create({ invoiceId: `i-${seen.length}`, orderId: 'patterns', amount: 5 }))
    await subscription.waitFor(position, patient)
    expect(seen).toEqual(['order.ready', 'invoice.created 5'])
  })

  it('tries again what fails, sets it aside with its key behind it, and heals in order when asked', async () => {
    await using app = await start(place)
    const seen: string[] = []
    let broken = true
    const subscription = await app.subscribe(
      'poisoned',
      { types: 'order.*', from: 'end', retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 } } },
      ({ aggregateId, type, ...event }: RecordedEvent, { attempt, retried, idempotencyKey }) => {
        expect(idempotencyKey).toBe(`poisoned:${event.id}`)
        if (broken && aggregateId === 'poison') throw new Error(`not today (${attempt})`)
        seen.push(`${aggregateId} ${type}${retried ? ' again' : ''}`)
      },
    )
    const poison = await order(app, 'poison')
    const { position: behind } = await app.dispatch(orderCommands.markReady({ orderId: 'poison' }))
    await subscription.waitFor(await order(app, 'healthy'), patient)
    expect(seen).toEqual(['healthy order.created'])
    expect(await app.subscriptions.parked('poisoned')).toMatchObject([
      { position: poison, status: 'parked', failure: { message: 'not today (2)', attempts: 2 } },
      { position: behind, status: 'waiting' },
    ])
    expect(await app.health()).toMatchObject({ status: 'degraded', problems: [expect.stringContaining('poisoned has')] })
    broken = false
    expect(await app.subscriptions.retryParked('poisoned')).toBeGreaterThan(0)
    await expect.poll(() => app.subscriptions.parked('poisoned')).toEqual([])
    expect(seen).toEqual(['healthy order.created', 'poison order.created again', 'poison order.ready again'])
    expect(await app.health()).toMatchObject({ status: 'up', problems: [] })
  })

  it('can be paused, moved and resumed; a projection cannot be moved', async () => {
    await using app = await start(place)
    const seen: string[] = []
    const subscription = await app.subscribe(
      'moved',
      { types: 'order.created', from: 'end' },
      ({ aggregateId }) => void seen.push(aggregateId),
    )
    const position = await order(app, 'moved-1')
    await subscription.waitFor(position, patient)
    await expect(app.subscriptions.reset('moved', position)).rejects.toMatchObject({ code: 'CAIRN_ILLEGAL_STATE' })
    await app.subscriptions.pause('moved')
    await app.subscriptions.reset('moved', position - 1)
    expect(await app.subscriptions.status('moved')).toMatchObject({ partitions: [{ state: 'paused', checkpoint: position - 1 }] })
    await app.subscriptions.resume('moved')
    await subscription.waitFor(position, patient)
    expect(seen).toEqual(['moved-1', 'moved-1'])
    await expect(app.subscriptions.reset('order-summary', 'start')).rejects.toThrow(/is a projection/)
    await expect(app.subscriptions.pause('moevd')).rejects.toMatchObject({ code: 'CAIRN_UNKNOWN_SUBSCRIPTION' })
    expect((await app.subscriptions.list()).map(({ key }) => key.name)).toContain('customer-totals')
  })

  it('is refused with a reason', async () => {
    await using app = await start(place)
    const refused = (name: string, options: object): Promise<unknown> =>
      app.subscribe(name, { types: '*', from: 'end', ...options }, handler).catch((error: unknown) => error)
    expect(await refused('order-summary', {})).toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
      message: expect.stringContaining('is a projection'),
    })
    expect(await refused('Not A Name', {})).toMatchObject({ code: 'CAIRN_DEFINITION' })
    expect(await refused('typo', { types: 'order.redy' })).toMatchObject({
      code: 'CAIRN_UNKNOWN_TYPE',
      message: expect.stringContaining('order.ready'),
    })
    expect(await refused('nothing', { types: [] })).toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    expect(await refused('nowhere', { from: 'middle' })).toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    expect(await refused('partitioned', { partitions: 0 })).toMatchObject({ code: 'CAIRN_DEFINITION' })
    const foreign = { cursor: '00000000-0000-4000-8000-000000000000:7' }
    expect(await refused('foreign', { from: foreign })).toMatchObject({ code: 'CAIRN_FOREIGN_LOG' })
    await expect(app.parseCursor(foreign.cursor)).rejects.toMatchObject({ code: 'CAIRN_FOREIGN_LOG' })

    const kept = await app.subscribe('changes', { types: 'order.created', from: 'end', version: 2 }, handler)
    expect(await refused('changes', { version: 2 })).toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    await kept.stop()
    expect(await refused('changes', { version: 2 })).toMatchObject({ code: 'CAIRN_SUBSCRIPTION_CHANGED' })
    expect(await refused('changes', { version: 1 })).toMatchObject({ code: 'CAIRN_SUBSCRIPTION_VERSION' })
    const raised = await app.subscribe('changes', { types: '*', from: 'start', version: 3 }, handler)
    expect(await raised.status()).toMatchObject({ version: 3, partitions: [{ checkpoint: expect.any(Number) }] })
  })
})

describe('on PostgreSQL', () => {
  const place = onPostgres(database)

  it('a transactional subscription writes with its checkpoint, or not at all', async () => {
    await queryOnce(database.url, `create table ledger (id text, attempt int); grant select, insert on ledger to ${database.schema}_worker`)
    await using app = await start(place)
    const failing = new Set(['ledger-1', 'ledger-3'])
    const subscription = await app.subscribe(
      'ledger',
      { types: 'order.created', from: 'end', transactional: true, retry: { attempts: 3, backoff: { kind: 'fixed', delayMs: 1 } } },
      async ({ aggregateId }, { sql, attempt }) => {
        await sql`insert into ledger values (${aggregateId}, ${attempt})`
        // What was written before it goes with it.
        if (failing.delete(aggregateId)) throw new Error('once')
      },
    )
    let position = 0
    for (let i = 0; i < 5; i++) position = await order(app, `ledger-${i}`)
    await subscription.waitFor(position, patient)
    const rows = await queryOnce<{ id: string }>(database.url, 'select id from ledger order by id')
    expect(rows.map(({ id }) => id)).toEqual(['ledger-0', 'ledger-1', 'ledger-2', 'ledger-3', 'ledger-4'])
    expect(failing).toEqual(new Set())
    expect(await app.subscriptions.parked('ledger')).toEqual([])
  })

  it('a subscription without a transaction has no SQL', async () => {
    await using app = await start(place)
    let refusal: unknown
    const subscription = await app.subscribe('no-sql', { types: 'order.created', from: 'end' }, (_, context) => {
      try {
        void context.sql
      } catch (error) {
        refusal = error
      }
    })
    await subscription.waitFor(await order(app, 'no-sql'), patient)
    expect(refusal).toMatchObject({ code: 'CAIRN_INVALID_INPUT', message: expect.stringContaining('transactional: true') })
  })

  it('a cursor of one log is refused by another', async () => {
    await using app = await start(place)
    await using elsewhere = await start(onPostgres(other))
    const cursor = await app.cursor(1)
    await expect(elsewhere.parseCursor(cursor)).rejects.toMatchObject({ code: 'CAIRN_FOREIGN_LOG' })
  })

  it('a process that leaves the background to others neither subscribes nor feeds, and waits for those who do', async () => {
    await using web = await createCairn({ domains: [shop, billing], ...place, background: false })
    await expect(web.subscribe('mine', { types: '*', from: 'end' }, () => undefined)).rejects.toThrow(/background: false/)
    const position = await order(web, 'web-1')
    await expect(web.waitFor(position, 'order-summary', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'CAIRN_WAIT_TIMEOUT' })
    await using app = await start(place)
    await web.waitFor(position, 'order-summary', patient)
    expect(await web.readModel('order_summary', { role: 'staff' }).get('web-1')).toMatchObject({ status: 'open' })
    expect(await web.health()).toMatchObject({ status: 'up', background: { running: false } })
    expect(await app.health()).toMatchObject({ status: 'up', background: { running: true } })
  })
})
