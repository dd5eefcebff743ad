import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { RecordedEvent } from '../contracts/index.ts'
import { defineEvents, type EventsOf } from '../definition/index.ts'
import { uuidv7 } from '../ids/index.ts'
import type { LogFields, LoggerPort } from '../ports/index.ts'
import { EventBus } from './event-bus.ts'

const orderEvents = defineEvents('order', { created: z.object({ customerId: z.string() }), ready: z.object({}) })
const invoiceEvents = defineEvents('invoice', { paid: z.object({ orderId: z.string() }) })
type ShopEvent = EventsOf<typeof orderEvents> | EventsOf<typeof invoiceEvents>

const onReady = (_event: typeof orderEvents.ready.$event): void => {}

function recorded(type: string, payload: unknown = {}, version = 1): RecordedEvent {
  const [aggregateType = ''] = type.split('.')
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  return {
    id: uuidv7(),
    tenantId: 't',
    type,
    payload,
    aggregateType,
    aggregateId: 'a',
    version,
    position: version,
    recordedAt: new Date(0),
    metadata,
  }
}

class ErrorLog implements LoggerPort {
  readonly errors: LogFields[] = []
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(_message: string, fields: LogFields = {}): void {
    this.errors.push(fields)
  }
  child(): LoggerPort {
    return this
  }
}

describe('EventBus.register', () => {
  it('gives a handler only the events that its guard accepts, narrowed', async () => {
    const bus = new EventBus()
    const customers: string[] = []
    class Mailer {
      supports(event: RecordedEvent) {
        return orderEvents.created.is(event)
      }
      handle(event: typeof orderEvents.created.$event) {
        customers.push(event.payload.customerId)
      }
    }
    bus.register(new Mailer())
    await bus.publish(recorded('order.created', { customerId: 'ann' }))
    await bus.publish(recorded('order.ready'))
    expect(customers).toEqual(['ann'])
  })

  it('refuses, when compiled, a handle that is narrower than its guard', () => {
    const bus = new EventBus()
    // @ts-expect-error the guard lets order.created through, the handler knows only order.ready
    bus.register({ supports: (event: RecordedEvent) => orderEvents.created.is(event), handle: onReady })
    expect(bus.active).toBe(true)
  })

  it('delivers once to a handler that was registered twice', async () => {
    const bus = new EventBus()
    let calls = 0
    const handler = { supports: (event: RecordedEvent): event is RecordedEvent => event.version > 0, handle: () => void calls++ }
    expect(bus.register(handler).id).toBe(bus.register(handler).id)
    await bus.publish(recorded('order.ready'))
    expect(calls).toBe(1)
  })
})

describe('EventBus.subscribe', () => {
  it('delivers by full type, by prefix and everything', async () => {
    const bus = new EventBus()
    const seen: string[] = []
    bus.subscribe('order.created', () => void seen.push('exact'))
    bus.subscribe('order.*', () => void seen.push('prefix'))
    bus.subscribe('*', () => void seen.push('all'))
    bus.subscribe('orde.*', () => void seen.push('wrong prefix'))
    await bus.publish(recorded('order.created'))
    await bus.publish(recorded('invoice.paid'))
    expect(seen).toEqual(['exact', 'prefix', 'all', 'all'])
  })

  it.each(['', '.*', 'order*', '*.created', 'or*der.created', 'order.*.x'])('refuses "%s" as a pattern', (pattern) => {
    expect(() => new EventBus().subscribe(pattern, () => {})).toThrow('is no pattern')
  })

  it('narrows by pattern where the bus knows its events', () => {
    const bus = new EventBus<ShopEvent>()
    bus.subscribe('order.created', (event) => void expectTypeOf(event).toEqualTypeOf<typeof orderEvents.created.$event>())
    bus.subscribe('order.*', (event) => void expectTypeOf(event).toEqualTypeOf<EventsOf<typeof orderEvents>>())
    bus.subscribe('*', (event) => void expectTypeOf(event).toEqualTypeOf<ShopEvent>())
    // @ts-expect-error no such event
    bus.subscribe('order.creatd', () => {})
    // @ts-expect-error no such prefix
    bus.subscribe('ordr.*', () => {})
    new EventBus().subscribe('any.thing', (event) => void expectTypeOf(event).toEqualTypeOf<RecordedEvent>())
    expect(bus.active).toBe(true)
  })

  it('ends delivery at once, for exactly that handler, also after others were removed', async () => {
    const bus = new EventBus()
    const seen: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map((name) => bus.subscribe('*', () => void seen.push(name)))
    expect(new Set([a?.id, b?.id, c?.id]).size).toBe(3)
    a?.unsubscribe()
    await bus.publish(recorded('order.ready'))
    b?.unsubscribe()
    b?.unsubscribe()
    await bus.publish(recorded('order.ready'))
    expect(seen).toEqual(['b', 'c', 'c'])
  })

  it('stops in the middle of a batch, and takes a handler that joins in the middle from the next event on', async () => {
    const bus = new EventBus()
    const seen: string[] = []
    const first = bus.subscribe('*', (event) => {
      seen.push(`first ${event.version}`)
      first.unsubscribe()
      bus.subscribe('*', (later) => void seen.push(`second ${later.version}`))
    })
    await bus.publishBatch([1, 2].map((version) => recorded('order.ready', {}, version)))
    expect(seen).toEqual(['first 1', 'second 2'])
  })
})

const ofEvent = (n: number): string[] => [`slow ${n} starts`, `fast ${n} starts`, `sync ${n}`, `fast ${n} ends`, `slow ${n} ends`]

describe('EventBus.publishBatch', () => {
  it('runs events one after another and the handlers of one event together, and resolves when all have finished', async () => {
    const bus = new EventBus()
    const log: string[] = []
    let running = 0
    let most = 0
    for (const name of ['slow', 'fast']) {
      bus.subscribe('*', async (event) => {
        most = Math.max(most, ++running)
        log.push(`${name} ${event.version} starts`)
        await new Promise((resolve) => setTimeout(resolve, name === 'slow' ? 10 : 1))
        running--
        log.push(`${name} ${event.version} ends`)
      })
    }
    bus.subscribe('*', (event) => void log.push(`sync ${event.version}`))
    const report = await bus.publishBatch([1, 2].map((version) => recorded('order.ready', {}, version)))
    expect(log).toEqual([...ofEvent(1), ...ofEvent(2)])
    expect(most).toBe(2)
    expect(report).toEqual({ handled: 6, failures: [] })
  })

  it('lets no handler that fails stop another one or the events behind, logs it with the event id, and reports it', async () => {
    const logger = new ErrorLog()
    const bus = new EventBus({ logger })
    const seen: number[] = []
    const thrown = new Error('thrown')
    const rejected = new Error('rejected')
    const guard = new Error('guard')
    const a = bus.subscribe('*', (event) => {
      if (event.version === 1) throw thrown
    })
    const b = bus.subscribe('*', (event) => (event.version === 1 ? Promise.reject(rejected) : Promise.resolve()))
    const c = bus.register({
      supports: (event: RecordedEvent): event is RecordedEvent => {
        if (event.version === 1) throw guard
        return false
      },
      handle: () => {},
    })
    bus.subscribe('*', (event) => void seen.push(event.version))
    const events = [1, 2].map((version) => recorded('order.ready', {}, version))
    const report = await bus.publishBatch(events)
    expect(seen).toEqual([1, 2])
    expect(report.handled).toBe(7)
    expect(report.failures.map((f) => [f.subscriptionId, f.eventId, f.error])).toEqual([
      [a.id, events[0]?.id, thrown],
      [b.id, events[0]?.id, rejected],
      [c.id, events[0]?.id, guard],
    ])
    expect(logger.errors).toMatchObject([
      { eventId: events[0]?.id, error: thrown, tenantId: 't', correlationId: 'c' },
      { eventId: events[0]?.id, error: guard },
      { eventId: events[0]?.id, error: rejected },
    ])
  })

  it('passes each event through the middleware, which may change or refuse it', async () => {
    const bus = new EventBus()
    const seen: unknown[] = []
    bus.subscribe('*', (event) => void seen.push(event.payload))
    bus.use({ process: (event, next) => next({ ...event, payload: { wrapped: event.payload } }) })
    bus.use({ process: (event, next) => (event.version === 2 ? Promise.reject(new Error('not this one')) : next(event)) })
    const events = [1, 2, 3].map((version) => recorded('order.ready', { version }, version))
    await expect(bus.publishBatch(events)).rejects.toThrow('not this one')
    expect(seen).toEqual([{ wrapped: { version: 1 } }])
  })

  it('forgets handlers and middleware on reset', async () => {
    const bus = new EventBus()
    let calls = 0
    bus.subscribe('*', () => void calls++)
    bus.use({ process: () => Promise.reject(new Error('refused')) })
    bus.reset()
    expect(bus.active).toBe(false)
    expect(await bus.publish(recorded('order.ready'))).toEqual({ handled: 0, failures: [] })
    expect(calls).toBe(0)
  })

  it('says what is missing when it has no history', async () => {
    await expect(new EventBus().getEventHistory('a')).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', field: 'history' })
  })
})
