import type { NewEvent } from '../contracts/event.ts'
import type { CommandSetLike } from '../definition/command-set.ts'
import type { EventSetLike } from '../definition/event-set.ts'
import { DefinitionError } from '../errors/domain.ts'
import type { AggregateBase } from './aggregate-class.ts'
import type { AggregateContext } from './aggregate-context.ts'
import { BaseAggregate } from './base-aggregate.ts'
import { functionMap } from './function-map.ts'
import type { FoldTable, HandlerTable } from './handlers.ts'
import { contextFrom } from './rehydrate.ts'
import { snapshotEvery, snapshotNever, snapshotWhen } from './snapshot-policies.ts'
import type { SnapshotPolicy, StateSchema, VersionChange } from './snapshots.ts'

/**
 * The base class of an aggregate with these events, to be extended:
 * `class Order extends aggregate(orderEvents, (): OrderState => ({ … })) { static readonly handlers = …; static readonly evolve = … }`.
 * @param initial the state before the first event; called anew each time
 */
export function aggregate<S, E extends EventSetLike>(events: E, initial: () => S): AggregateBase<S, E> {
  return class extends BaseAggregate<S, E> {
    static readonly events = events
    static readonly initial = initial

    static handle<T>(commands: CommandSetLike, handlers: object): HandlerTable<T> {
      if (commands.$aggregate !== events.$aggregate) {
        throw new DefinitionError(`Aggregate ${events.$aggregate} cannot handle the commands of ${commands.$aggregate}.`, {
          aggregateType: events.$aggregate,
        })
      }
      const map = functionMap<(aggregate: T, payload: unknown) => void>('handler', events.$aggregate, handlers, commands.$models.keys())
      return { owner: this, commands, get: (name) => map.get(name) }
    }

    static fold(folds: object): FoldTable<S> {
      const map = functionMap<(state: S, payload: unknown) => S>('fold', events.$aggregate, folds, events.$models.keys())
      return { owner: this, get: (name) => map.get(name) }
    }

    static snapshotEvery(count: number, schema: StateSchema<S>): SnapshotPolicy<S> {
      return snapshotEvery(count, schema)
    }

    static snapshotWhen(due: (change: VersionChange) => boolean, schema: StateSchema<S>): SnapshotPolicy<S> {
      return snapshotWhen(due, schema)
    }

    static rehydrate<T>(
      this: new (context: AggregateContext<S>) => T,
      id: string,
      history?: readonly NewEvent[],
      options?: { readonly tenantId?: string },
    ): T {
      return new this(contextFrom(this, id, history, options?.tenantId) as AggregateContext<S>)
    }

    static snapshotNever(): SnapshotPolicy<S> {
      return snapshotNever
    }
  }
}
