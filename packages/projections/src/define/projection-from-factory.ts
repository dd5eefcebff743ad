import {
  type EventSetLike,
  type Projection,
  type ProjectionDefinition,
  type RecordedEvent,
  type RowOperations,
  type RowOperationsByTable,
} from '@cairn/core'
import { defineHandlers } from './define-projection.ts'
import type { EventsOfSets, NamedTables, ProjectionOptions, TableOperations, TablesOption } from './projection-types.ts'

/** A projection as an object. It keeps nothing between events but its updaters. */
export interface ProjectionHandler<U extends RecordedEvent> {
  supports(event: U): boolean
  on(event: U): void | Promise<void>
}

export interface FactoryOptions<N extends string, E extends readonly EventSetLike[], T extends TablesOption> extends ProjectionOptions<
  E,
  T
> {
  /** Makes the handler with what changes its tables: `(getUpdater) => new OrderProjection(getUpdater('orders'))`. */
  readonly factory: (
    getUpdater: <K extends keyof NamedTables<N, T>>(table: K) => TableOperations<NamedTables<N, T>[K]>,
  ) => ProjectionHandler<EventsOfSets<E>>
}

/**
 * A projection in the style of older systems: an object with `supports` and `on`, made by a factory that is given an updater
 * for each table. It reads every event of its sets.
 * @throws DefinitionError as `defineProjection`; UnknownTableError for an updater of another table
 */
export function projectionFromFactory<const N extends string, const E extends readonly EventSetLike[], const T extends TablesOption>(
  name: N,
  options: FactoryOptions<N, E, T>,
): Projection<N, NamedTables<N, T>> {
  const { factory, ...rest } = options
  const make: unknown = factory
  const made = new WeakMap<RowOperationsByTable, ProjectionHandler<RecordedEvent>>()
  const handlerOf = (tables: RowOperationsByTable): ProjectionHandler<RecordedEvent> => {
    const known = made.get(tables)
    if (known !== undefined) return known
    const handler = (make as UntypedFactory)((table) => tables[table])
    made.set(tables, handler)
    return handler
  }
  const definition: unknown = defineHandlers(name, rest, (event, tables) => {
    const handler = handlerOf(tables)
    return handler.supports(event) ? handler.on(event) : undefined
  })
  return definition as ProjectionDefinition<N> & Projection<N, NamedTables<N, T>>
}

type UntypedFactory = (getUpdater: (table: string) => RowOperations | undefined) => ProjectionHandler<RecordedEvent>
