import { AssertionError } from 'node:assert'
import {
  aggregate,
  AggregateExistsError,
  BusinessRuleViolation,
  creates,
  defineCommands,
  defineDecider,
  defineEvents,
  DefinitionError,
  versions,
} from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { given } from './given.ts'
import { storedAs } from './stored-as.ts'

const doorEvents = defineEvents('door', {
  built: versions(z.object({ wood: z.string() }))
    .next(z.object({ material: z.string(), note: z.string().optional() }))
    .from((v1) => ({ material: v1.wood })),
  opened: z.object({}),
  painted: z.object({ colour: z.string() }),
})
const doorCommands = defineCommands('door', {
  build: creates(z.object({ material: z.string() })),
  open: z.object({}),
  paint: z.object({ colour: z.string() }),
})
interface DoorState {
  readonly material: string
  readonly open: boolean
}
const none = (): DoorState => ({ material: '', open: false })
const refuseOpen = (state: DoorState): void => {
  if (state.open) throw new BusinessRuleViolation('The door is open already.')
}

class Door extends aggregate(doorEvents, none) {
  static readonly handlers = this.handle(doorCommands, {
    build: (door, command) => door.raise('built', { ...command, note: undefined }),
    open: (door) => {
      refuseOpen(door.state)
      door.raise('opened')
    },
    paint: (door, { colour }) => {
      if (colour !== 'none') door.raise('painted', { colour })
    },
  })
  static readonly evolve = this.fold({
    built: (state, { material }) => ({ ...state, material }),
    opened: (state) => ({ ...state, open: true }),
    painted: (state) => state,
  })
}

const doorDecider = defineDecider(doorEvents, none)
  .evolve({
    built: (state, { material }) => ({ ...state, material }),
    opened: (state) => ({ ...state, open: true }),
    painted: (state) => state,
  })
  .decide(doorCommands, {
    build: (_state, command) => doorEvents.built(command),
    open: (state) => {
      refuseOpen(state)
      return doorEvents.opened()
    },
    paint: (_state, { colour }) => (colour === 'none' ? [] : doorEvents.painted({ colour })),
  })

const built = doorEvents.built({ material: 'oak' })
const doorId = 'd-1'

describe.each([
  ['class', Door],
  ['decider', doorDecider],
] as const)('specs of a %s', (_kind, door: typeof Door | typeof doorDecider) => {
  test('a true example passes', () => {
    given(door)
      .when(doorCommands.build({ material: 'oak' }))
      .emits(built)
    given(door, built)
      .when(doorCommands.open({ doorId }))
      .emits(doorEvents.opened())
      .leaves((state) => state.open)
    given(door, built)
      .when(doorCommands.paint({ doorId, colour: 'none' }))
      .emits()
    given(door, built, doorEvents.opened()).when(doorCommands.open({ doorId })).rejects(BusinessRuleViolation)
    given(door, built, doorEvents.opened())
      .when(doorCommands.open({ doorId }))
      .rejects(/open already/)
  })

  test('a wrong event, a missing one and one too many fail, with the difference', () => {
    const painted = given(door, built).when(doorCommands.paint({ doorId, colour: 'red' }))
    expect(() => painted.emits(doorEvents.painted({ colour: 'blue' }))).toThrow(AssertionError)
    expect(() => painted.emits(doorEvents.painted({ colour: 'blue' }))).toThrow(/\+ +colour: 'red'\n.*- +colour: 'blue'/s)
    expect(() => painted.emits()).toThrow(AssertionError)
    expect(() => painted.emits(doorEvents.painted({ colour: 'red' }), doorEvents.opened())).toThrow(AssertionError)
  })

  test('a rejection where events are expected shows the rejection itself', () => {
    const refused = given(door, built, doorEvents.opened()).when(doorCommands.open({ doorId }))
    expect(() => refused.emits(doorEvents.opened())).toThrow(BusinessRuleViolation)
    expect(() => refused.leaves(() => true)).toThrow(/open already/)
  })

  test('a rejection that does not come, or is another one, fails', () => {
    const accepted = given(door, built).when(doorCommands.open({ doorId }))
    expect(() => accepted.rejects(BusinessRuleViolation)).toThrow(
      /Expected door\.open to be rejected, but it was accepted with \[\{"type":"door\.opened"/,
    )
    const refused = given(door, built, doorEvents.opened()).when(doorCommands.open({ doorId }))
    expect(() => refused.rejects(/too heavy/)).toThrow(AssertionError)
    expect(() => refused.rejects(RangeError)).toThrow(/instance of "RangeError"\. Received "BusinessRuleViolation"/)
  })

  test('a state that does not pass fails', () => {
    const opened = given(door, built).when(doorCommands.open({ doorId }))
    expect(() => opened.leaves((state) => !state.open)).toThrow(
      /The state after door\.open does not pass: \{"material":"oak","open":true\}/,
    )
    expect(() => opened.leaves((state) => expect(state.material).toBe('steel'))).toThrow(/steel/)
  })

  test('creating what exists is rejected, as the command bus does it', () => {
    given(door, built)
      .when(doorCommands.build({ doorId, material: 'oak' }))
      .rejects(AggregateExistsError)
  })

  test('history may be as an older version stored it', () => {
    given(door, storedAs(doorEvents.built, 1, { wood: 'oak' }))
      .when(doorCommands.open({ doorId }))
      .leaves((state) => state.material === 'oak')
  })
})

test('a snapshot schema that loses a part of the state fails every example', () => {
  const forgetful = doorDecider.snapshotEvery(100, z.object({ material: z.string(), open: z.boolean() }))
  given(forgetful)
    .when(doorCommands.build({ material: 'oak' }))
    .emits(built)
  const losing = defineDecider(doorEvents, (): DoorState & { readonly coats?: number } => none())
    .evolve({ built: (s, { material }) => ({ ...s, material }), opened: (s) => s, painted: (s) => ({ ...s, coats: 1 }) })
    .decide(doorCommands, { build: (_s, c) => doorEvents.built(c), open: () => [], paint: (_s, c) => doorEvents.painted(c) })
    .snapshotEvery(100, z.object({ material: z.string(), open: z.boolean() }))
  expect(() => given(losing, built).when(doorCommands.paint({ doorId, colour: 'red' }))).toThrow(DefinitionError)
})
