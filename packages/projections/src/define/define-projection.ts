import {
  checkTableName,
  DefinitionError,
  nearest,
  resolveFailurePolicy,
  toTableModel,
  UnknownTableError,
  type EventSetLike,
  type FailurePolicy,
  type ProjectionDefinition,
  type RecordedEvent,
  type RowChange,
  type RowOperationsByTable,
  type Table,
  type TableModel,
} from '@cairn/core'
import { checkProjectionOptions } from './check-options.ts'
import { eventKey, type PartitionKey } from './partition-key.ts'
import type { EventsOfSets, NamedTables, ProjectionOptions, ProjectionStart, TablesOption } from './projection-types.ts'

type Handler = (event: RecordedEvent, tables: RowOperationsByTable) => unknown
type KeyOf = (event: RecordedEvent) => unknown

interface TableFold {
  readonly table: string
  readonly key: KeyOf
  readonly evolve: ReadonlyMap<string, RowChange>
}

/** What does not depend on how the handlers are written. */
interface Frame {
  readonly name: string
  readonly options: ProjectionOptions<readonly EventSetLike[], TablesOption>
  /** Every event type of the sets. */
  readonly declared: readonly string[]
  readonly tables: ReadonlyMap<string, TableModel>
  readonly failure: FailurePolicy
}

/**
 * Declares a projection: its version, its events and its tables; `.on({ … })` then says what each event does to rows, or
 * `.fold(table, { key, evolve })` how it changes one row.
 * @throws DefinitionError naming what is wrong
 */
export function defineProjection<const N extends string, const E extends readonly EventSetLike[], const T extends TablesOption>(
  name: N,
  options: ProjectionOptions<E, T>,
): ProjectionStart<N, EventsOfSets<E>, NamedTables<N, T>> {
  const frame = frameOf(name, options)
  const start: unknown = {
    on: (handlers: Readonly<Record<string, Handler>>) => withHandlers(frame, handlers),
    fold: (table: string, fold: UntypedFold) => withFolds(frame, [toFold(frame, table, fold)]),
  }
  return start as ProjectionStart<N, EventsOfSets<E>, NamedTables<N, T>>
}

/** One handler for every event of the sets. @internal */
export function defineHandlers(
  name: string,
  options: ProjectionOptions<readonly EventSetLike[], TablesOption>,
  handler: Handler,
): ProjectionDefinition {
  const frame = frameOf(name, options)
  return withHandlers(frame, Object.fromEntries(frame.declared.map((type) => [type, handler])))
}

function frameOf(name: string, options: ProjectionOptions<readonly EventSetLike[], TablesOption>): Frame {
  checkProjectionOptions(name, options)
  const { retry, onExhausted, maxWaiting } = options
  const refuse = (problem: string): DefinitionError => new DefinitionError(`Projection ${name} ${problem}.`, { projection: name })
  const failure = resolveFailurePolicy({ retry, onExhausted, maxWaiting }, refuse)
  const tables = new Map<string, TableModel>()
  for (const [table, declared] of Object.entries(namedTables(name, options.tables))) {
    checkTableName(name, table)
    tables.set(table, toTableModel(table, declared))
  }
  if (tables.size === 0) throw new DefinitionError(`Projection ${name} has no tables.`, { projection: name })
  const declared = options.events.flatMap((set) => [...set.$models.values()].map(({ type }) => type))
  return { name, options, declared, tables, failure }
}

function namedTables(name: string, tables: TablesOption): Readonly<Record<string, Table>> {
  return isTable(tables) ? { [name.replaceAll('-', '_')]: tables } : tables
}

function isTable(tables: TablesOption): tables is Table {
  return Array.isArray(tables.indexes)
}

function withHandlers(frame: Frame, handlers: Readonly<Record<string, Handler>>): ProjectionDefinition {
  const byType = functionsOf(frame, 'a handler', handlers)
  return definition(frame, [...byType.keys()], undefined, (event, tables) => {
    const result = byType.get(event.type)?.(event, tables)
    return isThenable(result) ? Promise.resolve(result) : undefined
  })
}

interface UntypedFold {
  readonly key: KeyOf | Readonly<Record<string, KeyOf>>
  readonly evolve: Readonly<Record<string, RowChange>>
}

function toFold(frame: Frame, table: string, { key, evolve }: UntypedFold): TableFold {
  const { name } = frame
  if (!frame.tables.has(table)) throw new UnknownTableError(name, table, [...frame.tables.keys()])
  if (frame.options.mode === 'inline') {
    throw new DefinitionError(`Projection ${name} is inline, and an inline projection is written with .on({ … }).`, { projection: name })
  }
  const byType = functionsOf<RowChange>(frame, `a fold of ${table}`, evolve)
  if (typeof key === 'function') return { table, key, evolve: byType }
  const keys = functionsOf<KeyOf>(frame, `a key of ${table}`, key)
  const keyless = [...byType.keys()].find((type) => !keys.has(type))
  if (keyless !== undefined) {
    throw new DefinitionError(`Projection ${name} folds "${keyless}" into ${table}, and has no key for it. Add one.`, {
      projection: name,
      table,
    })
  }
  return { table, key: (event) => keys.get(event.type)?.(event), evolve: byType }
}

function withFolds(frame: Frame, folds: readonly TableFold[]): ProjectionDefinition {
  const byType = Map.groupBy(
    folds.flatMap(({ table, key, evolve }) => [...evolve].map(([type, change]) => ({ type, table, key, change }))),
    ({ type }) => type,
  )
  const [only] = folds
  const model = frame.tables.get(only?.table ?? '')
  const rowKey = folds.length === 1 && only !== undefined && model !== undefined ? { table: model, row: only.key } : undefined
  const made = definition(frame, [...byType.keys()], rowKey, (event, tables) => {
    for (const { table, key, change } of byType.get(event.type) ?? []) {
      const value = key(event)
      if (value !== undefined) tables[table]?.update(value, change)
    }
    return undefined
  })
  return Object.freeze({
    ...made,
    fold: (table: string, fold: UntypedFold) => {
      if (folds.some((other) => other.table === table)) {
        throw new DefinitionError(`Projection ${frame.name} has two folds of ${table}. Write one.`, { projection: frame.name, table })
      }
      return withFolds(frame, [...folds, toFold(frame, table, fold)])
    },
  })
}

function definition(
  { name, options, declared, tables, failure }: Frame,
  handled: readonly string[],
  rowKey: PartitionKey | undefined,
  apply: ProjectionDefinition['apply'],
): ProjectionDefinition {
  if (handled.length === 0) throw new DefinitionError(`Projection ${name} handles no event.`, { projection: name })
  const partitionKey: PartitionKey = options.partitionBy ?? rowKey ?? 'none'
  const { how, keyOf } = eventKey(name, partitionKey)
  const partitions = options.partitions ?? 1
  if (partitions > 1 && how === 'none') {
    throw new DefinitionError(
      `Projection ${name} has ${partitions} partitions and no partitionBy: say what determines the rows that an event changes.`,
      {
        projection: name,
      },
    )
  }
  return Object.freeze({
    name,
    version: options.version,
    types: Object.freeze(declared.filter((type) => handled.includes(type))),
    tables,
    mode: options.mode ?? 'async',
    partitions,
    partitionBy: how,
    keyOf,
    apply,
    failure,
  })
}

/** @throws DefinitionError for a name that is no event of the sets */
function functionsOf<F>(frame: Frame, what: string, functions: Readonly<Record<string, F>>): ReadonlyMap<string, F> {
  for (const [type, value] of Object.entries(functions)) {
    if (!frame.declared.includes(type)) {
      const near = nearest(type, frame.declared)
      throw new DefinitionError(
        `Projection ${frame.name} has ${what} for "${type}", which is not among its events.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
        { projection: frame.name, type, nearest: near },
      )
    }
    if (typeof value !== 'function')
      throw new DefinitionError(`Projection ${frame.name} has ${what} for "${type}" that is no function.`, { type })
  }
  return new Map(Object.entries(functions))
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
