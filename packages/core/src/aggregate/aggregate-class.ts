import type { NewEvent } from '../contracts/event.ts'
import type { CommandSetLike } from '../definition/command-set.ts'
import type { EventSetLike, NewEventsOf } from '../definition/event-set.ts'
import type { AggregateContext } from './aggregate-context.ts'
import type { BaseAggregate } from './base-aggregate.ts'
import type { Folds, FoldTable, Handlers, HandlerTable } from './handlers.ts'
import type { SnapshotPolicy, SnapshotPolicyLike, StateSchema, VersionChange } from './snapshots.ts'

/** The class that `aggregate(…)` returns, to be extended. */
// An interface whose `new` yields the abstract class: `raise` stays protected, and declaration files can name it.
export interface AggregateBase<S, E extends EventSetLike> {
  new (context: AggregateContext<S>): BaseAggregate<S, E>
  readonly events: E
  readonly initial: () => S
  /**
   * One handler per command of the set, each given the aggregate and the parsed payload. A handler decides and raises.
   * @throws DefinitionError when one is missing or belongs to no command
   */
  // `this` is asked for its construct signature alone, so a handler may use the class that is being defined.
  handle<T, C extends CommandSetLike<E['$aggregate']>>(
    this: abstract new (context: AggregateContext<S>) => T,
    commands: C,
    handlers: Handlers<T, C>,
  ): HandlerTable<T>
  /**
   * One fold per event: from the state before and the payload to the state after.
   * @throws DefinitionError when one is missing or belongs to no event
   */
  fold(folds: Folds<S, E>): FoldTable<S>
  /**
   * Keeps a snapshot each time the stream's version reaches or passes a multiple of `events`. The schema's output is the
   * state; when it changes, make it a chain with `versions`. A stored snapshot that no longer fits is ignored and replayed.
   */
  snapshotEvery(events: number, schema: StateSchema<S>): SnapshotPolicy<S>
  /** Keeps a snapshot when the function says so, asked once for each append. */
  snapshotWhen(due: (change: VersionChange) => boolean, schema: StateSchema<S>): SnapshotPolicy<S>
  /** Keeps none: for a subclass of a class that does. */
  snapshotNever(): SnapshotPolicy<S>
  /**
   * An instance in memory, folded from its history; without one, a new aggregate. For unit tests and tools: in an app,
   * the command bus does this.
   * @throws UnknownTypeError for an event that the aggregate does not have
   */
  rehydrate<T>(
    this: new (context: AggregateContext<S>) => T,
    id: string,
    history?: readonly NewEventsOf<E>[],
    options?: { readonly tenantId?: string },
  ): T
}

/** What a domain accepts: a class whose statics are complete. */
export interface AggregateClass {
  new (context: AggregateContext<never>): { readonly raised: readonly NewEvent[]; readonly state: unknown }
  readonly events: EventSetLike
  readonly initial: () => unknown
  readonly handlers: HandlerTable<never>
  readonly evolve: FoldTable<never, unknown>
  readonly snapshots?: SnapshotPolicyLike
}
