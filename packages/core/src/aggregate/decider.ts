import type { CommandDomain, CommandSetLike } from '../definition/command-set.ts'
import type { EventSetLike, NewEventsOf } from '../definition/event-set.ts'
import type { AggregateModel } from './aggregate-model.ts'
import type { Folds } from './handlers.ts'
import type { SnapshotPolicyLike, StateSchema, VersionChange } from './snapshots.ts'

/** What a decision may know besides state and payload. */
export interface DecisionContext {
  readonly id: string
  readonly tenantId: string
  /** The stream's version that the state stands for; 0 when it does not exist. */
  readonly version: number
}

/** One event, several in order, or none. */
export type Decided<E extends EventSetLike> = NewEventsOf<E> | readonly NewEventsOf<E>[] | void | undefined

/** One decision per command. It is pure, and synchronous: an async one does not compile. */
export type Decisions<S, E extends EventSetLike, C extends CommandSetLike> = {
  readonly [K in keyof C['$payloads'] & string]: (
    state: S,
    payload: CommandDomain<C['$payloads'][K]>,
    context: DecisionContext,
  ) => Decided<E>
}

/** The first two steps of `defineDecider`, each checked against types that the step before has fixed. */
export interface DeciderStart<S, E extends EventSetLike> {
  /**
   * One fold per event: from the state before and the payload to the state after.
   * @throws DefinitionError when one is missing or belongs to no event
   */
  evolve(folds: Folds<S, E>): DeciderWithFolds<S, E>
}

export interface DeciderWithFolds<S, E extends EventSetLike> {
  /**
   * One decision per command of the set, made of the events' factories.
   * @throws DefinitionError when one is missing or belongs to no command
   */
  decide<C extends CommandSetLike<E['$aggregate']>>(commands: C, decisions: Decisions<S, E, C>): Decider<S, E>
}

/** An aggregate written as functions: what a domain accepts beside classes. */
export interface Decider<S, E extends EventSetLike = EventSetLike> extends DeciderLike {
  readonly events: E
  readonly initial: () => S
  /** The same decider with a snapshot each time the stream's version reaches or passes a multiple of `events`. */
  snapshotEvery(events: number, schema: StateSchema<S>): Decider<S, E>
  /** The same decider with a snapshot when the function says so, asked once for each append. */
  snapshotWhen(due: (change: VersionChange) => boolean, schema: StateSchema<S>): Decider<S, E>
}

/** The covariant part of a decider. */
export interface DeciderLike {
  readonly events: EventSetLike
  readonly commands: CommandSetLike
  readonly initial: () => unknown
  readonly snapshots: SnapshotPolicyLike | undefined
  /** @internal */
  readonly model: AggregateModel
}
