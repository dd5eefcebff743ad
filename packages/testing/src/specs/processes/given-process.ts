import assert from 'node:assert/strict'
import {
  delayMs,
  idleChecked,
  idleTimer,
  type Delay,
  type Intent,
  type NewEvent,
  type ProcessInstance,
  type ProcessManagerDefinition,
  type RecordedEvent,
  type Step,
  type StepCommand,
} from '@cairn/core'
import { inStream, type EventsInStream } from '../projections/in-stream.ts'
import { recordEvents } from '../projections/record-events.ts'
import { interleavings } from './interleavings.ts'
import { stepWith } from './step-with.ts'

/** What a process manager may be asked for. */
export interface ProcessOutcome {
  /**
   * The events of `when` led to these commands, in this order; none given: to none. `after(…)` is a command for later. Ids of new
   * aggregates are its own: where a command creates and names none, any derived id will do.
   */
  sends(...intents: readonly Exclude<Intent, { readonly kind: 'cancel-timer' }>[]): ProcessOutcome
  /** They ended these timers, whatever the order. */
  cancels(...timers: readonly string[]): ProcessOutcome
  /** The state after them, as reactions see it, equals this, or passes: a check asserts, or returns false to fail. */
  leaves(expected: unknown): ProcessOutcome
  /** The instance waits for this. */
  waitsFor(what: string | undefined): ProcessOutcome
  /** The instance has ended. */
  ends(): ProcessOutcome
  /** The instance goes on. */
  goesOn(): ProcessOutcome
  /** Every event delivered twice, and all of them again at the end, leads to the same. */
  whenRedelivered(): ProcessOutcome
  /**
   * In whatever order events of different streams come (those of one stream stay in theirs), no command is sent twice, and in the
   * end the same have been sent. Up to `limit` orders are tried. @default 200
   */
  whenReordered(limit?: number): ProcessOutcome
}

export interface GivenProcess {
  /** Events of one instance, in the order in which they come; those of others are given before. */
  when(...events: readonly (NewEvent | EventsInStream)[]): ProcessOutcome
  /** Nothing comes for so long after the last event that it was given: what `expiresAfter` makes of that. */
  whenQuietFor(delay: Delay): ProcessOutcome
}

/**
 * States a rule of a process manager as an example: `givenProcess(orderFulfilment, inStream('o-1', created)).when(inStream('o-1',
 * ready)).sends(invoiceCommands.create({ … })).cancels('order.autoCancel')`. Needs no store and no clock.
 *
 * What is given is the log: what a reaction loads comes out of it, as it was before the reaction's own event. So events of other
 * streams are given like those that it reacts to.
 */
export function givenProcess(definition: ProcessManagerDefinition, ...history: readonly (NewEvent | EventsInStream)[]): GivenProcess {
  return {
    when(...events) {
      const before = recordEvents(history).length
      const all = recordEvents([...history, ...events])
      assertOneInstance(definition, all.slice(before))
      return outcomeOf(definition, all, before)
    },
    whenQuietFor(delay) {
      const recorded = recordEvents(history)
      const last = recorded.findLast((event) => definition.correlate(event) !== undefined)
      const instanceId = last && definition.correlate(last)
      assert(definition.expiresAfterMs !== undefined, `${definition.name} never expires: it says no expiresAfter.`)
      assert(last !== undefined && instanceId !== undefined, `None of the events given belongs to an instance of ${definition.name}.`)
      const recordedAt = new Date(last.recordedAt.getTime() + delayMs(delay))
      const { tenantId } = last
      const stream = { aggregateId: instanceId, aggregateType: 'cairn-process', tenantId, recordedAt }
      const check = inStream(stream, idleChecked(definition.name, instanceId))
      return outcomeOf(definition, recordEvents([...history, check]), recorded.length)
    },
  }
}

interface Run {
  readonly steps: readonly Step[]
  /** The one that the last event belongs to. */
  readonly instance: ProcessInstance | undefined
  /** Names of the timers that the events of `when` ended. */
  readonly ended: readonly string[]
  readonly sent: readonly { readonly command: StepCommand; readonly event: RecordedEvent }[]
}

function run(definition: ProcessManagerDefinition, events: readonly RecordedEvent[], from: number): Run {
  const steps: Step[] = []
  const sent: { readonly command: StepCommand; readonly event: RecordedEvent }[] = []
  const ended: string[] = []
  const instances = new Map<string, ProcessInstance>()
  let last = ''
  for (const event of events) {
    const key = keyOfInstance(definition, event)
    if (key === undefined) continue
    last = key
    const before = instances.get(key)
    const made = stepWith(definition, before, event, events)
    if (made === undefined) continue
    const timers = Object.entries(before?.timers ?? {})
    // As it would come back from a store.
    instances.set(key, JSON.parse(JSON.stringify(made.instance)) as ProcessInstance)
    if (event.position <= from) continue
    steps.push(made)
    for (const command of made.send) if (command.timer !== idleTimer) sent.push({ command, event })
    const cancelled = timers.filter(([name, { commandId }]) => name !== idleTimer && made.cancel.includes(commandId))
    ended.push(...cancelled.map(([name]) => name))
  }
  return { steps, instance: instances.get(last), ended, sent }
}

function keyOfInstance(definition: ProcessManagerDefinition, event: RecordedEvent): string | undefined {
  const instanceId = definition.correlate(event)
  return instanceId === undefined ? undefined : `${event.tenantId}\0${instanceId}`
}

function assertOneInstance(definition: ProcessManagerDefinition, events: readonly RecordedEvent[]): void {
  const keys = [...new Set(events.flatMap((event) => keyOfInstance(definition, event) ?? []))]
  const found = keys.map((key) => key.replace('\0', '/')).join(', ')
  assert(keys.length <= 1, `The events of when(…) must belong to one instance of ${definition.name}, and correlate to: ${found}.`)
}

function outcomeOf(definition: ProcessManagerDefinition, events: readonly RecordedEvent[], from: number): ProcessOutcome {
  const done = run(definition, events, from)
  const outcome: ProcessOutcome = {
    sends(...intents) {
      const sent = done.sent.map(({ command, event }) => shapeOfSent(command, event))
      assert.deepEqual(
        sent,
        intents.map((intent, i) => shapeOfIntent(intent, done.sent[i]?.command)),
      )
      return outcome
    },
    cancels(...timers) {
      assert.deepEqual(done.ended.toSorted(), timers.toSorted())
      return outcome
    },
    leaves(expected) {
      const state = done.instance && definition.liftState(done.instance.stateVersion, done.instance.state)
      if (typeof expected === 'function') {
        assert.notEqual((expected as (state: unknown) => unknown)(state), false, `The state does not pass: ${JSON.stringify(state)}`)
      } else {
        assert.deepEqual(state, asKept(definition, expected))
      }
      return outcome
    },
    waitsFor(what) {
      assert.equal(done.instance?.waitingFor, what)
      return outcome
    },
    ends() {
      assert.equal(done.instance?.status, 'done')
      return outcome
    },
    goesOn() {
      assert.equal(done.instance?.status, 'running')
      return outcome
    },
    whenRedelivered() {
      const twice = run(definition, [...events.flatMap((event) => [event, event]), ...events], from)
      assert.deepEqual(idsOf(twice), idsOf(done), 'Delivered twice, the events lead to other commands.')
      assert.deepEqual(twice.instance, done.instance, 'Delivered twice, the events lead to another instance.')
      return outcome
    },
    whenReordered(limit = 200) {
      const history = events.slice(0, from)
      for (const order of interleavings(events.slice(from), limit)) {
        const other = run(definition, [...history, ...order], from)
        const what = `In the order ${order.map(({ type }) => type).join(', ')}`
        const shapes = other.sent.map(({ command }) => keyOf(command))
        assert.equal(new Set(shapes).size, shapes.length, `${what}, a command is sent twice.`)
        assert.deepEqual(shapes.toSorted(), done.sent.map(({ command }) => keyOf(command)).toSorted(), `${what}, other commands are sent.`)
      }
      return outcome
    },
  }
  return outcome
}

/** A state as it would come back from a store; what would not is compared as it is. */
function asKept(definition: ProcessManagerDefinition, state: unknown): unknown {
  try {
    return definition.liftState(definition.stateVersion, json(definition.storeState(state)))
  } catch {
    return json(state)
  }
}

function idsOf({ sent }: Run): readonly string[] {
  return sent.map(({ command }) => command.command.id)
}

/** What a command asks for: its ids follow from the event that it comes from, which may be another one in another order. */
function keyOf({ command, timer }: StepCommand): string {
  return JSON.stringify([command.type, isDerived(command.aggregateId) ? '' : command.aggregateId, command.payload, timer])
}

function shapeOfSent({ command, dueAt, timer }: StepCommand, event: RecordedEvent): unknown {
  const { type, aggregateId, payload } = command
  const afterMs = dueAt === undefined ? undefined : Date.parse(dueAt) - event.recordedAt.getTime()
  return json({ type, aggregateId, payload, afterMs, timer })
}

function shapeOfIntent(intent: Exclude<Intent, { readonly kind: 'cancel-timer' }>, sent: StepCommand | undefined): unknown {
  const [command, afterMs, timer] =
    'kind' in intent ? [intent.command, delayMs(intent.delay), intent.timer] : [intent, undefined, undefined]
  const { type, payload } = command
  const made = sent !== undefined && isDerived(sent.command.aggregateId) && isDrawn(command.aggregateId)
  return json({ type, aggregateId: made ? sent.command.aggregateId : command.aggregateId, payload, afterMs, timer })
}

/** UUIDs that were derived are of version 8, those that were drawn of version 7. */
function isDerived(id: string): boolean {
  return /^[0-9a-f-]{14}8[0-9a-f-]{21}$/.test(id)
}

function isDrawn(id: string): boolean {
  return /^[0-9a-f-]{14}7[0-9a-f-]{21}$/.test(id)
}

function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
