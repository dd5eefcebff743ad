import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { NewCommand } from '../contracts/command.ts'
import type { NewEvent } from '../contracts/event.ts'
import { creates } from '../definition/creates.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { versions } from '../definition/versions.ts'
import { BusinessRuleViolation, DefinitionError, UpcastError } from '../errors/domain.ts'
import { SchemaValidationError, UnknownTypeError } from '../errors/input.ts'
import type { AggregateModel, DecisionInput } from './aggregate-model.ts'
import { aggregate } from './aggregate.ts'
import { defineDecider } from './define-decider.ts'
import { toAggregateModel, type AggregateDefinition } from './to-aggregate-model.ts'

const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })

const accountEvents = defineEvents('account', {
  opened: versions(z.object({ name: z.string() }))
    .next(z.object({ owner: z.string(), currency: z.string().default('EUR') }))
    .from((v1) => ({ owner: v1.name })),
  deposited: z.object({ amount: z.int().positive(), at: isoDate }),
  frozen: z.object({}),
})
const accountCommands = defineCommands('account', {
  open: creates(z.object({ owner: z.string(), first: z.int().default(0) })),
  deposit: z.object({ amount: z.int(), at: isoDate }),
  freeze: z.object({}),
  misbehave: z.object({ how: z.enum(['throw', 'mutate', 'promise', 'wrong-payload', 'foreign-event']) }),
})

const State = z.object({
  owner: z.string(),
  balance: z.int(),
  frozen: z.boolean(),
  last: isoDate.nullable(),
  log: z.array(z.object({ amount: z.int() })),
})
type State = z.output<typeof State>
const none = (): State => ({ owner: '', balance: 0, frozen: false, last: null, log: [] })
const noon = new Date('2026-01-01T12:00:00.000Z')
const mustBeOpen = (state: State): void => {
  if (state.frozen) throw new BusinessRuleViolation('The account is frozen.')
}

class Account extends aggregate(accountEvents, none) {
  static readonly handlers = this.handle(accountCommands, {
    open: (account, { owner, first }) => {
      account.raise('opened', { owner })
      if (first > 0) account.raise('deposited', { amount: first, at: noon })
    },
    deposit: (account, { amount, at }) => {
      mustBeOpen(account.state)
      account.raise('deposited', { amount, at })
    },
    freeze: (account) => {
      if (!account.state.frozen) account.raise('frozen')
    },
    misbehave: (account, { how }) => {
      account.raise('frozen')
      if (how === 'throw') throw new BusinessRuleViolation('No.')
      if (how === 'mutate') account.state.log.push({ amount: 1 })
      if (how === 'promise') return Promise.reject(new Error('late')) as never
      if (how === 'wrong-payload') account.raise(how.length > 0 ? 'opened' : 'deposited', { amount: 1, at: noon } as never)
      if (how === 'foreign-event') account.raise('closed' as never, {} as never)
    },
  })
  static readonly evolve = this.fold({
    opened: (state, { owner }) => ({ ...state, owner }),
    deposited: (state, { amount, at }) => ({ ...state, balance: state.balance + amount, last: at, log: [...state.log, { amount }] }),
    frozen: (state) => ({ ...state, frozen: true }),
  })
  static readonly snapshots = this.snapshotEvery(3, State)
}

const accountDecider = defineDecider(accountEvents, none)
  .evolve({
    opened: (state, { owner }) => ({ ...state, owner }),
    deposited: (state, { amount, at }) => ({ ...state, balance: state.balance + amount, last: at, log: [...state.log, { amount }] }),
    frozen: (state) => ({ ...state, frozen: true }),
  })
  .decide(accountCommands, {
    open: (_state, { owner, first }) => {
      const opened = accountEvents.opened({ owner })
      return first > 0 ? [opened, accountEvents.deposited({ amount: first, at: noon })] : opened
    },
    deposit: (state, { amount, at }) => {
      mustBeOpen(state)
      return accountEvents.deposited({ amount, at })
    },
    freeze: (state) => (state.frozen ? [] : [accountEvents.frozen()]),
    misbehave: (state, { how }) => {
      if (how === 'throw') throw new BusinessRuleViolation('No.')
      if (how === 'mutate') state.log.push({ amount: 1 })
      if (how === 'promise') return Promise.reject(new Error('late')) as never
      if (how === 'wrong-payload') return { type: 'account.opened', payload: { amount: 1 } } as never
      if (how === 'foreign-event') return { type: 'account.closed', payload: {} } as never
      return accountEvents.frozen()
    },
  })
  .snapshotEvery(3, State)

const both: readonly (readonly [string, AggregateDefinition])[] = [
  ['class', Account],
  ['decider', accountDecider],
]

describe.each(both)('an aggregate written as a %s', (_kind, definition) => {
  const model: AggregateModel = toAggregateModel(definition)
  const input = (state: unknown = model.initial(), version = 0): DecisionInput => ({ tenantId: 't', aggregateId: 'a', version, state })
  const decide = (command: NewCommand, from = input()) =>
    model.decide(from, { type: command.type, payload: model.parseCommand(command.type, command.payload) })
  const to = { accountId: 'a' }

  test('lists its types with schema versions, and which commands create', () => {
    expect(model.aggregateType).toBe('account')
    expect([...model.eventTypes].map(([type, { schemaVersion }]) => [type, schemaVersion])).toEqual([
      ['account.opened', 2],
      ['account.deposited', 1],
      ['account.frozen', 1],
    ])
    expect([...model.commandTypes].map(([type, c]) => [type, c.creates])).toEqual([
      ['account.open', true],
      ['account.deposit', false],
      ['account.freeze', false],
      ['account.misbehave', false],
    ])
  })

  test('decides one event, several or none, with defaults filled in and codecs encoded', () => {
    expect(decide(accountCommands.open({ owner: 'Ada' })).events).toEqual([
      { type: 'account.opened', payload: { owner: 'Ada', currency: 'EUR' } },
    ])
    const { events, state } = decide(accountCommands.open({ owner: 'Ada', first: 5 }))
    expect(events[1]).toEqual({ type: 'account.deposited', payload: { amount: 5, at: '2026-01-01T12:00:00.000Z' } })
    expect(state).toEqual({ owner: 'Ada', balance: 5, frozen: false, last: noon, log: [{ amount: 5 }] })
    expect(decide(accountCommands.freeze(to), input({ ...none(), frozen: true })).events).toEqual([])
  })

  test('the state of a decision is the fold of its events', () => {
    const from = input({ ...none(), owner: 'Ada' }, 1)
    const { events, state } = decide(accountCommands.deposit({ ...to, amount: 3, at: noon }), from)
    expect(events.reduce((s: unknown, event) => model.evolve(s, event), from.state)).toEqual(state)
  })

  test('folds stored events: lifted to the newest schema, codecs decoded', () => {
    const opened = model.evolve(none(), { type: 'account.opened', version: 1, schemaVersion: 1, payload: { name: 'Ada' } })
    expect(opened).toMatchObject({ owner: 'Ada' })
    const paid = { type: 'account.deposited', version: 2, schemaVersion: 1, payload: { amount: 2, at: noon.toISOString() } }
    expect(model.evolve(opened, paid)).toMatchObject({ balance: 2, last: noon })
    expect(() => model.evolve(none(), { ...paid, schemaVersion: 2 })).toThrow(UpcastError)
  })

  test('an unknown event or command is an error that names the nearest one', () => {
    expect(() => model.evolve(none(), { type: 'account.opend', payload: {} })).toThrow(UnknownTypeError)
    expect(() => model.evolve(none(), { type: 'account.opend', payload: {} })).toThrow(/Did you mean "account\.opened"\?/)
    expect(() => model.parseCommand('account.opn', {})).toThrow(/Did you mean "account\.open"\?/)
    expect(() => model.decide(input(), { type: 'account.opn', payload: {} })).toThrow(UnknownTypeError)
  })

  test('a command from outside is validated, and its defaults are filled in', () => {
    expect(model.parseCommand('account.open', { owner: 'Ada', extra: 1 })).toEqual({ owner: 'Ada', first: 0 })
    expect(() => model.parseCommand('account.open', { owner: 5 })).toThrow(SchemaValidationError)
    expect(() => model.parseCommand('account.deposit', { amount: 1, at: 'soon' })).toThrow(/at:/)
    const { payload } = accountCommands.deposit({ ...to, amount: 1, at: noon })
    expect(model.parseCommand('account.deposit', payload)).toEqual(payload)
  })

  test('an error of the domain passes as it is, and leaves the input as it was', () => {
    const state = none()
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'throw' }), input(state))).toThrow(BusinessRuleViolation)
    expect(() => decide(accountCommands.deposit({ ...to, amount: 1, at: noon }), input({ ...none(), frozen: true }))).toThrow(/frozen/)
    expect(state).toEqual(none())
  })

  test('a handler that changes the state in place fails, and the input is as it was', () => {
    const state = none()
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'mutate' }), input(state))).toThrow(TypeError)
    expect(state).toEqual(none())
  })

  test('an asynchronous handler is refused when it answers', () => {
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'promise' }))).toThrow(DefinitionError)
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'promise' }))).toThrow(/"misbehave" of aggregate account is asynchronous/)
  })

  test("what slips past the compiler is caught at run time: another event's payload, an event of nobody", () => {
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'wrong-payload' }))).toThrow(SchemaValidationError)
    expect(() => decide(accountCommands.misbehave({ ...to, how: 'foreign-event' }))).toThrow(UnknownTypeError)
    expect(() => decide(accountCommands.deposit({ ...to, amount: -1, at: noon }))).toThrow(
      /event account\.deposited does not fit its schema: amount/,
    )
  })

  test('a snapshot is due when the version reaches or passes a multiple', () => {
    const moves: readonly (readonly [number, number])[] = [
      [0, 2],
      [0, 3],
      [2, 4],
      [3, 5],
      [3, 9],
      [2, 2],
    ]
    expect(moves.map(([from, toVersion]) => model.snapshots?.due(from, toVersion))).toEqual([false, true, true, false, true, false])
  })

  test('property: snapshot + tail = full fold, wherever the snapshot is taken', () => {
    const event = fc.oneof(
      fc.record({
        type: fc.constant('account.opened'),
        version: fc.constant(1),
        schemaVersion: fc.constant(1),
        payload: fc.record({ name: fc.string() }),
      }),
      fc.record({ owner: fc.string() }).map((payload): NewEvent => accountEvents.opened(payload)),
      fc
        .record({
          amount: fc.integer({ min: 1, max: 1_000 }),
          at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }),
        })
        .map((payload): NewEvent => accountEvents.deposited(payload)),
      fc.constant<NewEvent>(accountEvents.frozen()),
    )
    fc.assert(
      fc.property(fc.array(event), fc.nat(), (events, at) => {
        const fold = (from: unknown, part: readonly NewEvent[]): unknown => part.reduce((s, e) => model.evolve(s, e), from)
        const cut = at % (events.length + 1)
        const stored: unknown = JSON.parse(JSON.stringify(model.snapshots?.encode(fold(model.initial(), events.slice(0, cut)))))
        const snapshot = model.snapshots?.decode(model.snapshots.schemaVersion, stored)
        expect(snapshot).toBeDefined()
        expect(fold(snapshot?.state, events.slice(cut))).toEqual(fold(model.initial(), events))
      }),
    )
  })
})
