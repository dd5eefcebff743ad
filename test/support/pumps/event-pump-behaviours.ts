import {
  eventPump,
  EventBus,
  LogPumpSource,
  RealtimePumpBase,
  type EventPumpOptions,
  type PumpConfig,
  type RecordedEvent,
  type SubscriptionEngine,
  type SubscriptionEngineOptions,
} from '@cairn/core'
import { orderCommands, shop } from '@cairn/example-shop'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../processes.ts'
import { ProcessRig, type ProcessStores } from '../process-rig.ts'

const lines = [{ sku: 's', quantity: 1, price: 5 }]

/** What an event pump does, wherever the log is. */
export function eventPumpBehaviours(open: () => Promise<ProcessStores>): void {
  const endings: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end()
  })

  async function opened(settings: Partial<SubscriptionEngineOptions> = {}) {
    // Leases that nobody loses: what comes is counted here.
    const engine = { leaseMs: 20_000, heartbeatMs: 60, ...settings }
    const one = await new ProcessRig(await open(), { domains: [shop], processManagers: [], engine }).start()
    endings.push(() => one.stop())
    const { stores } = one
    const create = (orderId: string, tenantId = 'acme') =>
      one.bus.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }), { tenantId })
    const pumpOf = (config: PumpConfig<RecordedEvent>, on: SubscriptionEngine = one.engine) => {
      const source = new LogPumpSource({ reader: stores.reader, engine: on })
      const pump = new RealtimePumpBase(config, { source })
      endings.push(() => pump.stop())
      return pump
    }
    const eventPumpOf = (options: EventPumpOptions) => pumpOf({ ...eventPump(options) })
    return { one, create, pumpOf, eventPumpOf }
  }

  test('events of every tenant reach the bus in the order of the log, each with its tenant, in batches', async () => {
    const { create, eventPumpOf } = await opened()
    const bus = new EventBus()
    const heard: string[] = []
    bus.subscribe('*', ({ tenantId, aggregateId }) => void heard.push(`${tenantId} ${aggregateId}`))
    const sizes: number[] = []
    const counting = {
      publishBatch: (events: readonly RecordedEvent[]) => {
        sizes.push(events.length)
        return bus.publishBatch(events)
      },
    }
    await eventPumpOf({ bus: counting, batchSize: 4 }).start()
    const wanted: string[] = []
    for (let i = 0; i < 20; i++) {
      const tenantId = i % 2 === 0 ? 'acme' : 'beta'
      await create(`in-order-${i}`, tenantId)
      wanted.push(`${tenantId} in-order-${i}`)
    }
    expect(await eventually(() => heard.length >= 20)).toBe(true)
    expect(heard).toEqual(wanted)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4)
  })

  test('an event whose handler fails is published again, until it is through', async () => {
    const { create, eventPumpOf } = await opened()
    const bus = new EventBus()
    const tried: string[] = []
    const done: string[] = []
    bus.subscribe('*', ({ aggregateId }) => {
      tried.push(aggregateId)
      if (aggregateId === 'flaky' && tried.filter((id) => id === 'flaky').length < 3) throw new Error('not yet')
      done.push(aggregateId)
    })
    const pump = eventPumpOf({ bus, retry: { attempts: 5, backoff: { kind: 'fixed', delayMs: 5 } } })
    await pump.start()
    for (const id of ['steady', 'flaky', 'last']) await create(id)
    expect(await eventually(() => done.includes('flaky') && done.includes('last'))).toBe(true)
    expect(tried.filter((id) => id === 'flaky')).toHaveLength(3)
    expect(pump.status.counters.failed).toBe(2)
  })

  test('one that fails for good is parked, and the pump goes on', async () => {
    const { one, create, eventPumpOf } = await opened()
    const bus = new EventBus()
    const done: string[] = []
    bus.subscribe('*', ({ aggregateId }) => {
      if (aggregateId === 'cursed') throw new Error('never')
      done.push(aggregateId)
    })
    await eventPumpOf({ bus, retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 5 } } }).start()
    for (const id of ['cursed', 'blessed']) await create(id)
    expect(await eventually(() => done.includes('blessed'))).toBe(true)
    const parked = () => one.stores.subscriptions().parked({ key: { name: 'events-pump', generation: 1 } })
    expect(await eventually(async () => (await parked()).length === 1)).toBe(true)
  })

  test('one that ends at an event that cannot be lifted says so, and goes on when it is resumed', async () => {
    let broken = true
    const { one, create, pumpOf } = await opened({
      lift: (event) => {
        if (broken && event.aggregateId === 'unliftable') throw new Error('The upcaster failed.')
        return event
      },
    })
    const seen: string[] = []
    const pump = pumpOf({
      channel: 'lifting-pump',
      eventSpec: { event: 'INSERT', schema: 'cairn', table: 'events' },
      processBatch: (rows) => seen.push(...rows.map(({ aggregateId }) => aggregateId)),
    })
    await pump.start()
    await create('unliftable')
    expect(await eventually(() => pump.status.state === 'error')).toBe(true)
    expect(pump.status).toMatchObject({ error: { message: expect.stringContaining('failed: The upcaster failed.') } })
    broken = false
    await one.engine.resume({ name: 'lifting-pump', generation: 1 })
    expect(await eventually(() => pump.status.state === 'subscribed' && seen.length === 1)).toBe(true)
  })

  test('a filter by type or by another column lets the rest pass by', async () => {
    const { one, create, pumpOf } = await opened()
    const [ready, ofBeta]: [string[], string[]] = [[], []]
    const spec = { event: 'INSERT', schema: 'cairn', table: 'events' } as const
    const base = { batchSize: 10, from: 'start' } as const
    await pumpOf({
      ...base,
      channel: 'ready-pump',
      eventSpec: { ...spec, filter: 'type=eq.order.ready' },
      processBatch: (rows) => ready.push(...rows.map(({ type }) => type)),
    }).start()
    await pumpOf({
      ...base,
      channel: 'beta-pump',
      eventSpec: { ...spec, filter: 'tenant_id=in.(filtered)' },
      processBatch: (rows) => ofBeta.push(...rows.map(({ type }) => type)),
    }).start()
    await create('filtered-1')
    await create('filtered-2', 'filtered')
    await one.bus.dispatch(orderCommands.markReady({ orderId: 'filtered-2' }), { tenantId: 'filtered' })
    expect(await eventually(() => ready.length === 1 && ofBeta.length === 2)).toBe(true)
    expect([ready, ofBeta]).toEqual([['order.ready'], ['order.created', 'order.ready']])
  })
}
