import { expect, test } from 'vitest'
import { z } from 'zod'
import { creates } from '../definition/creates.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { versions } from '../definition/versions.ts'
import { DefinitionError, UpcastError } from '../errors/domain.ts'
import { SchemaValidationError, UnknownTypeError } from '../errors/input.ts'
import { aggregate } from './aggregate.ts'
import { BaseAggregate } from './base-aggregate.ts'
import { defineDecider } from './define-decider.ts'
import { toAggregateModel } from './to-aggregate-model.ts'

const events = defineEvents('counter', { started: z.object({ at: z.int() }), raised: z.object({ by: z.int() }) })
const commands = defineCommands('counter', {
  start: creates(z.object({ at: z.int().default(0) })),
  raise: z.object({ by: z.int() }),
  twice: z.object({ by: z.int() }),
})
const same = { started: (s: { readonly n: number }) => s, raised: (s: { readonly n: number }) => s }
const zero = (): { readonly n: number } => ({ n: 0 })

class Counter extends aggregate(events, zero) {
  static readonly handlers = this.handle(commands, {
    start: (counter, { at }) => counter.raise('started', { at }),
    raise: (counter, { by }) => counter.raise('raised', { by }),
    twice: (counter, { by }) => {
      counter.raise('raised', { by })
      if (counter.state.n > 100) throw new RangeError(`${counter.id} of ${counter.tenantId} is full at version ${counter.version}`)
      counter.raise('raised', { by })
    },
  })
  static readonly evolve = this.fold({ started: (_s, { at }) => ({ n: at }), raised: ({ n }, { by }) => ({ n: n + by }) })
}

test('a new aggregate has its id, the initial state and version 0', () => {
  const counter = Counter.rehydrate('c-1')
  expect(counter).toBeInstanceOf(Counter)
  expect(counter).toBeInstanceOf(BaseAggregate)
  expect([counter.id, counter.tenantId, counter.version, counter.state, counter.raised]).toEqual(['c-1', 'default', 0, { n: 0 }, []])
})

test('rehydrate folds a history', () => {
  const counter = Counter.rehydrate('c-1', [events.started({ at: 5 }), events.raised({ by: 2 })], { tenantId: 't' })
  expect([counter.tenantId, counter.version, counter.state, counter.raised]).toEqual(['t', 2, { n: 7 }, []])
})

test('execute = handle + fold: it returns the events, and state and version follow', () => {
  const counter = Counter.rehydrate('c-1', [events.started({ at: 5 })])
  expect(counter.execute(commands.twice({ counterId: 'c-1', by: 1 }))).toEqual([events.raised({ by: 1 }), events.raised({ by: 1 })])
  expect(counter.execute(commands.raise({ counterId: 'c-1', by: 3 }))).toEqual([events.raised({ by: 3 })])
  expect([counter.version, counter.state, counter.raised.length]).toEqual([4, { n: 10 }, 3])
})

test('execute validates the payload and fills in defaults, as the command bus does', () => {
  const counter = Counter.rehydrate('c-1')
  const command = commands.start({ counterId: 'c-1', at: 7 })
  expect(() => counter.execute({ ...command, payload: { at: 'x' } })).toThrow(SchemaValidationError)
  expect(counter.execute({ ...command, payload: {} })).toEqual([events.started({ at: 0 })])
})

test('a stored command of an older schema version is lifted before it is validated', () => {
  const versioned = defineCommands('counter', {
    start: creates(
      versions(z.object({ from: z.int() }))
        .next(z.object({ at: z.int(), by: z.string().default('nobody') }))
        .from((v1) => ({ at: v1.from })),
    ),
  })
  const model = defineDecider(events, zero)
    .evolve(same)
    .decide(versioned, { start: (_state, { at }) => events.started({ at }) }).model
  expect(model.commandTypes.get('counter.start')).toMatchObject({ creates: true, schemaVersion: 2 })
  expect(model.parseCommand('counter.start', { from: 3 }, 1)).toEqual({ at: 3, by: 'nobody' })
  expect(model.parseCommand('counter.start', { at: 3, by: 'me' }, 2)).toEqual({ at: 3, by: 'me' })
  expect(() => model.parseCommand('counter.start', { from: 3 })).toThrow(SchemaValidationError)
  expect(() => model.parseCommand('counter.start', {}, 3)).toThrow(UpcastError)
})

test('a handler that throws half-way leaves the aggregate as it was', () => {
  const counter = Counter.rehydrate('c-1', [events.started({ at: 100 })])
  counter.execute(commands.raise({ counterId: 'c-1', by: 0 }))
  expect(() => counter.execute(commands.twice({ counterId: 'c-1', by: 1 }))).toThrow(/c-1 of default is full at version 3/)
  expect([counter.version, counter.state, counter.raised]).toEqual([2, { n: 100 }, [events.raised({ by: 0 })]])
})

test('unknown events and commands throw', () => {
  expect(() => Counter.rehydrate('c-1', [{ type: 'counter.lost', payload: {} } as never])).toThrow(UnknownTypeError)
  expect(() => Counter.rehydrate('c-1').execute({ ...commands.raise({ counterId: 'c', by: 1 }), type: 'counter.rase' } as never)).toThrow(
    /No command "counter\.rase" is registered\. Did you mean "counter\.raise"/,
  )
})

const noop = { start: () => {}, raise: () => {}, twice: () => {} }

test('a class without handlers or folds is refused, with what to add', () => {
  class NoHandlers extends aggregate(events, zero) {
    static readonly evolve = this.fold(same)
  }
  class NoFolds extends aggregate(events, zero) {
    static readonly handlers = this.handle(commands, noop)
  }
  expect(() => toAggregateModel(NoHandlers as never)).toThrow(
    /Class NoHandlers \(aggregate counter\) has no handlers\. Add: static readonly handlers/,
  )
  expect(() => toAggregateModel(NoFolds as never)).toThrow(/Class NoFolds \(aggregate counter\) has no evolve/)
  expect(() => NoFolds.rehydrate('x')).toThrow(DefinitionError)
})

test("another class's handlers or folds are refused, a parent's are not", () => {
  class Thief extends aggregate(events, zero) {
    static readonly handlers = Counter.handlers
    static readonly evolve = this.fold(same)
  }
  class OtherThief extends aggregate(events, zero) {
    static readonly handlers = this.handle(commands, noop)
    static readonly evolve = Counter.evolve
  }
  class Child extends Counter {
    static override readonly handlers = this.handle(commands, noop)
  }
  expect(() => toAggregateModel(Thief)).toThrow(/Class Thief \(aggregate counter\) has the handlers of another class/)
  expect(() => toAggregateModel(OtherThief)).toThrow(/Class OtherThief \(aggregate counter\) has the evolve of another class/)
  expect(() => toAggregateModel(Child)).not.toThrow()
})

test('handlers and folds are checked by name when they are defined, for callers without a compiler', () => {
  const base = aggregate(events, zero)
  expect(() => base.handle(commands, { start: () => {}, raise: () => {} } as never)).toThrow(
    /Aggregate counter has no handler for command "twice"/,
  )
  expect(() => base.handle(commands, { ...noop, strat: () => {} } as never)).toThrow(
    /a handler "strat", but no such command\. Did you mean "start"\?/,
  )
  expect(() => base.fold({ started: same.started } as never)).toThrow(/Aggregate counter has no fold for event "raised"/)
  expect(() => base.fold({ ...same, stopped: same.raised } as never)).toThrow(/a fold "stopped", but no such event/)
  const start = defineDecider(events, zero)
  expect(() => start.evolve({ started: same.started } as never)).toThrow(/no fold for event "raised"/)
  expect(() => start.evolve(same).decide(commands, { start: () => [] } as never)).toThrow(/no handler for command "raise"/)
})

test('commands of another aggregate are refused', () => {
  const others = defineCommands('other', { start: z.object({}) })
  expect(() => aggregate(events, zero).handle(others as never, {} as never)).toThrow(
    /Aggregate counter cannot handle the commands of other/,
  )
  expect(() =>
    defineDecider(events, zero)
      .evolve(same)
      .decide(others as never, {} as never),
  ).toThrow(/cannot handle the commands of other/)
})

test('a name that every object has is no handler', () => {
  const odd = defineCommands('counter', { constructor: z.object({}), toString: z.object({}) })
  expect(() => aggregate(events, zero).handle(odd, {} as never)).toThrow(/no handler for command "constructor"/)
})
