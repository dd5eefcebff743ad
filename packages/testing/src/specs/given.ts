import assert from 'node:assert/strict'
import {
  AggregateExistsError,
  toAggregateModel,
  type AggregateDefinition,
  type Decision,
  type NewCommand,
  type NewEvent,
  type NewEventsOf,
} from '@cairn/core'

/** What a decision may be asked for. */
export interface Outcome<E, S> {
  /** The command was accepted with these events, in this order; none given: with no event. */
  emits(...events: readonly E[]): Outcome<E, S>
  /** The command was refused with an error of this class, or whose message matches. */
  rejects(expected: RegExp | ErrorClass): void
  /** The command was accepted, and the state after it passes: the check asserts, or returns false to fail. */
  leaves(check: (state: S) => unknown): Outcome<E, S>
}

export type ErrorClass = abstract new (...args: never) => Error

export interface Given<A extends AggregateDefinition> {
  /** Decides a command on the aggregate that the command names, with the history given. */
  when(command: NewCommand<string, unknown, A['events']['$aggregate']>): Outcome<NewEventsOf<A['events']>, ReturnType<A['initial']>>
}

/**
 * States a rule as an example: `given(Order, …events).when(command).emits(…events)`, or `.rejects(BusinessRuleViolation)`.
 * Works for classes and deciders; needs no store.
 */
export function given<A extends AggregateDefinition>(aggregate: A, ...history: readonly NewEventsOf<A['events']>[]): Given<A> {
  return { when: (command) => outcome(attempt(aggregate, history, command)) }
}

type Attempt = { readonly type: string } & ({ readonly decision: Decision } | { readonly error: unknown })

function attempt(aggregate: AggregateDefinition, history: readonly NewEvent[], command: NewCommand): Attempt {
  const model = toAggregateModel(aggregate)
  const state = history.reduce((before, event) => model.evolve(before, event), model.initial())
  const stream = { tenantId: 'test', aggregateType: command.aggregateType, aggregateId: command.aggregateId }
  const version = history.length
  let decision: Decision
  try {
    const payload = model.parseCommand(command.type, command.payload)
    if (version > 0 && model.commandTypes.get(command.type)?.creates) throw new AggregateExistsError(stream, command.type, version)
    decision = model.decide({ ...stream, version, state }, { type: command.type, payload })
  } catch (error) {
    return { type: command.type, error }
  }
  // A schema that does not keep the whole state is found here, not at the hundredth event.
  model.snapshots?.encode(decision.state)
  return { type: command.type, decision }
}

function outcome<E extends NewEvent, S>(attempted: Attempt): Outcome<E, S> {
  const accepted = (): Decision => {
    if ('error' in attempted) throw attempted.error
    return attempted.decision
  }
  const result: Outcome<E, S> = {
    emits(...events) {
      assert.deepEqual(accepted().events.map(asStored), events.map(asStored))
      return result
    },
    rejects(expected) {
      if (!('error' in attempted)) {
        assert.fail(`Expected ${attempted.type} to be rejected, but it was accepted with ${JSON.stringify(attempted.decision.events)}.`)
      }
      assert.throws(() => {
        throw attempted.error
      }, expected)
    },
    leaves(check) {
      const { state } = accepted()
      assert.notEqual(check(state as S), false, `The state after ${attempted.type} does not pass: ${JSON.stringify(state)}`)
      return result
    },
  }
  return result
}

/** As it would come back from a store: an undefined field is an absent one. */
function asStored(event: NewEvent): unknown {
  return { type: event.type, payload: JSON.parse(JSON.stringify(event.payload)) as unknown }
}
