import { expect, test } from 'vitest'
import { z } from 'zod'
import type { RecordedEvent } from '../contracts/event.ts'
import { creates } from '../definition/creates.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { versions } from '../definition/versions.ts'
import { isUuid } from '../ids/uuid.ts'
import { defineProcessManager } from './define-process-manager.ts'
import { idleChecked, idleTimer } from './idle-check.ts'
import type { ProcessInstance, Step } from './instance.ts'
import { after, cancelTimer } from './intents.ts'
import { step } from './step.ts'

const orders = defineEvents('order', { created: z.object({ minutes: z.number() }), ready: z.object({}), cancelled: z.object({}) })
const orderCommands = defineCommands('order', { autoCancel: z.object({}) })
const invoiceCommands = defineCommands('invoice', { create: creates(z.object({ orderId: z.string() })) })

type State = { readonly phase: 'waiting' | 'billed' }

const fulfilment = defineProcessManager('fulfilment', { events: [orders], initial: (): State => ({ phase: 'waiting' }) })
  .correlate({
    'order.created': (e) => e.aggregateId,
    'order.ready': (e) => e.aggregateId,
    'order.cancelled': (e) => (e.aggregateId === 'nobody' ? undefined : e.aggregateId),
  })
  .on({
    'order.created': (_s, e) => [after({ minutes: e.payload.minutes }, orderCommands.autoCancel({ orderId: e.aggregateId }))],
    'order.ready': (_s, e) => ({
      state: { phase: 'billed' },
      send: [cancelTimer('order.autoCancel'), invoiceCommands.create({ orderId: e.aggregateId })],
      waitingFor: 'payment',
    }),
    'order.cancelled': () => ({ done: true }),
  })

let position = 0
function event(type: 'order.created' | 'order.ready' | 'order.cancelled', over: Partial<RecordedEvent> = {}): RecordedEvent {
  position++
  return {
    id: `00000000-0000-7000-8000-${String(position).padStart(12, '0')}`,
    tenantId: 't',
    type,
    payload: type === 'order.created' ? { minutes: 15 } : {},
    aggregateType: 'order',
    aggregateId: 'o-1',
    version: position,
    position,
    recordedAt: new Date(Date.UTC(2026, 0, 1, 0, position)),
    metadata: { correlationId: 'c', causationId: 'x', schemaVersion: 1, userId: 'u' },
    ...over,
  }
}

/** Folds events as a runner does: each step's instance is the next one's. */
function run(events: readonly RecordedEvent[], from?: ProcessInstance) {
  let instance = from
  const send = []
  const cancel = []
  for (const e of events) {
    const made = step(fulfilment, instance, e)
    if (made === undefined) continue
    instance = made.instance
    send.push(...made.send)
    cancel.push(...made.cancel)
  }
  return { instance, send, cancel }
}

const ids = (list: readonly RecordedEvent[]) => run(list).send.map(({ command }) => [command.id, command.aggregateId])

test('a delayed command is due after the event’s own time, and a cancelled timer names its command', () => {
  const [created, ready] = [event('order.created'), event('order.ready')]
  const { instance, send, cancel } = run([created, ready])
  expect(send.map(({ command, timer }) => [command.type, timer])).toEqual([
    ['order.autoCancel', 'order.autoCancel'],
    ['invoice.create', undefined],
  ])
  expect(send[0]?.dueAt).toBe(new Date(created.recordedAt.getTime() + 900_000).toISOString())
  expect(cancel).toEqual([send[0]?.command.id])
  expect(instance).toMatchObject({ status: 'running', state: { phase: 'billed' }, timers: {}, waitingFor: 'payment', steps: 2 })
})

test('the same events give the same ids, those of new aggregates included; other tenants, instances and events give others', () => {
  const events = [event('order.created'), event('order.ready')]
  expect(ids(events)).toEqual(ids(events))
  const all = [events, events.map((e) => ({ ...e, tenantId: 'u' })), events.map((e) => ({ ...e, aggregateId: 'o-2' }))].flatMap(ids)
  expect(new Set(all.map(([id]) => id)).size).toBe(6)
  const invoices = all.filter((_, i) => i % 2 === 1).map(([, aggregateId]) => aggregateId ?? '')
  expect(invoices.every(isUuid)).toBe(true)
  expect(new Set(invoices).size).toBe(3)
})

test('an event that was handled before leads to nothing, and so does one of an instance that has ended', () => {
  const [created, cancelled, late] = [event('order.created'), event('order.cancelled'), event('order.ready')]
  const once = run([created])
  expect(step(fulfilment, once.instance, created)).toBeUndefined()
  const ended = run([cancelled], once.instance)
  expect(ended.instance).toMatchObject({ status: 'done', timers: {} })
  expect(ended.cancel).toEqual([once.send[0]?.command.id])
  expect(step(fulfilment, ended.instance, late)).toBeUndefined()
})

test('an event that correlates to nothing is ignored', () => {
  expect(step(fulfilment, undefined, event('order.cancelled', { aggregateId: 'nobody' }))).toBeUndefined()
})

test('a command carries its event as cause, and the correlation and user on', () => {
  const ready = event('order.ready')
  expect(run([ready]).send[0]?.command.metadata).toMatchObject({ correlationId: 'c', causationId: ready.id, userId: 'u' })
})

test('a stored state of an older shape is lifted before the reaction sees it', () => {
  const seen: unknown[] = []
  const counter = defineProcessManager('counter', {
    events: [orders],
    initial: () => ({ count: 0 }),
    state: versions(z.object({ n: z.number() }))
      .next(z.object({ count: z.number() }))
      .from((old) => ({ count: old.n })),
  })
    .correlate({ 'order.ready': (e) => e.aggregateId })
    .on({
      'order.ready': (state) => {
        seen.push(state)
        return { state: { count: state.count + 1 } }
      },
    })
  const first = step(counter, undefined, event('order.ready'))
  if (first === undefined) throw new Error('no step')
  const old = { ...first.instance, stateVersion: 1, state: { n: 41 } }
  expect(step(counter, old, event('order.ready'))?.instance).toMatchObject({ state: { count: 42 }, stateVersion: 2 })
  expect(seen).toEqual([{ count: 0 }, { count: 41 }])
})

test('what is missing or not declared fails at definition, by name', () => {
  const start = defineProcessManager('broken', { events: [orders] })
  expect(() => start.correlate({ 'order.ready': () => 'x' }).on({} as never)).toThrow(/no reaction to order\.ready/)
  expect(() => start.correlate({ 'order.reddy': () => 'x' } as never).on({} as never)).toThrow(/names order\.reddy/)
  expect(() => defineProcessManager('Not A Name', { events: [orders] })).toThrow(/cannot name a process manager/)
  expect(() => after({ minutes: -1 }, orderCommands.autoCancel({ orderId: 'o' }))).toThrow(/cannot be waited for/)
})

const shortLived = defineProcessManager('short-lived', {
  events: [orders],
  initial: () => ({ seen: 0 }),
  expiresAfter: { hours: 1 },
  expired: ({ seen }, { aggregateType }, { instanceId }) => ({
    state: { seen: seen + 100 },
    send: [invoiceCommands.create({ orderId: `${instanceId} ${aggregateType}` })],
    done: false,
  }),
})
  .correlate({ 'order.ready': (e) => e.aggregateId, 'order.cancelled': (e) => e.aggregateId })
  .on({ 'order.ready': ({ seen }) => ({ state: { seen: seen + 1 } }), 'order.cancelled': () => ({ done: true }) })

const hour = 3_600_000
const start = Date.UTC(2026, 5, 1)
const ready = (ms: number): RecordedEvent => event('order.ready', { recordedAt: new Date(start + ms) })
/** What the timer of an instance leads to when it fires. */
function check(ms: number, { timers }: ProcessInstance, instanceId = 'o-1', name = 'short-lived'): RecordedEvent {
  const causationId = timers[idleTimer]?.commandId ?? 'gone'
  const metadata = { correlationId: 'c', causationId, schemaVersion: 1 }
  return {
    ...event('order.ready'),
    ...idleChecked(name, instanceId),
    aggregateType: 'cairn-process',
    recordedAt: new Date(start + ms),
    metadata,
  }
}
function after1(instance: ProcessInstance | undefined, next: RecordedEvent): Step {
  const made = step(shortLived, instance, next)
  if (made === undefined) throw new Error('no step')
  return made
}

test('an instance that expires sets one timer, which its events leave alone', () => {
  const first = after1(undefined, ready(0))
  expect(first.send).toMatchObject([{ timer: idleTimer, dueAt: new Date(start + hour).toISOString() }])
  const second = after1(first.instance, ready(hour / 2))
  expect([second.send, second.cancel]).toEqual([[], []])
  expect(second.instance.timers).toEqual(first.instance.timers)
})

test('the timer finds one that had an event since, and is set again from that event on; it is no event of the instance', () => {
  const { instance } = after1(after1(undefined, ready(0)).instance, ready(hour / 2))
  const fired = check(hour, instance)
  const again = after1(instance, fired)
  expect(again.send).toMatchObject([{ timer: idleTimer, dueAt: new Date(start + 1.5 * hour).toISOString() }])
  const { position: _, timers, ...rest } = instance
  expect(again.instance).toMatchObject(rest)
  expect(again.instance.position).toBe(fired.position)
  expect(again.instance.timers).not.toEqual(timers)
  // Fired by a clock that was ahead of the log's, it is not lost either.
  expect(after1(instance, check(hour - 1, instance)).send).toHaveLength(1)
  // One that was replaced sets no second one.
  const late = check(1.1 * hour, { ...instance, timers: {} })
  expect(after1(again.instance, late)).toMatchObject({ send: [], cancel: [], instance: { timers: again.instance.timers } })
})

test('the timer ends one that was quiet, whatever its reaction says, once', () => {
  const { instance } = after1(undefined, ready(0))
  const expired = after1(instance, check(hour, instance))
  expect(expired.instance).toMatchObject({ status: 'done', state: { seen: 101 }, timers: {}, steps: 2 })
  expect(expired.send.map(({ command }) => command.payload)).toEqual([{ orderId: 'o-1 cairn-process' }])
  expect(step(shortLived, expired.instance, check(hour, instance))).toBeUndefined()
  expect(step(shortLived, expired.instance, ready(2 * hour))).toBeUndefined()
})

test('an instance that ends withdraws its timer, and a check for nobody leads to nothing', () => {
  const first = after1(undefined, ready(0))
  const ended = after1(first.instance, event('order.cancelled', { recordedAt: new Date(start + 1) }))
  expect(ended.cancel).toEqual([first.send[0]?.command.id])
  expect(ended.send).toEqual([])
  expect(step(shortLived, undefined, check(hour, first.instance))).toBeUndefined()
  expect(step(shortLived, first.instance, check(hour, first.instance, 'o-1', 'another'))).toBeUndefined()
  expect(step(shortLived, first.instance, { ...check(hour, first.instance), payload: { odd: 1 } })).toBeUndefined()
})

const broken = (options: object) =>
  defineProcessManager('broken', { events: [orders], ...options })
    .correlate({})
    .on({})

test('an expiry that means nothing is refused', () => {
  expect(() => broken({ expiresAfter: {} })).toThrow(/no time at all/)
  expect(() => broken({ expiresAfter: { days: -1 } })).toThrow(/cannot be waited for/)
  expect(() => broken({ expired: () => [] })).toThrow(/add expiresAfter/)
})

test('a stored state that the schema would refuse by now stays as it is where a reaction leaves it out', () => {
  const strict = defineProcessManager('strict', {
    events: [orders],
    initial: (): { n: number } => ({ n: 1 }),
    state: z.object({ n: z.number().positive() }),
  })
    .correlate({ 'order.created': (e) => e.aggregateId, 'order.ready': (e) => e.aggregateId })
    .on({ 'order.created': () => [], 'order.ready': ({ n }) => ({ state: { n: n - 1 } }) })
  const begun = step(strict, undefined, event('order.created'), {})?.instance
  expect(begun?.state).toEqual({ n: 1 })
  if (begun === undefined) return
  for (const state of [{ n: 0, left: true }, null])
    expect(step(strict, { ...begun, state }, event('order.created'), {})?.instance.state).toBe(state)
  expect(() => step(strict, { ...begun, state: { n: 0 } }, event('order.ready'), {})).toThrow(/strict/)
})
