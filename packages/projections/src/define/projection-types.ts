import type {
  EventSetLike,
  EventsOf,
  FoldedRow,
  NewRow,
  Projection,
  RecordedEvent,
  RetryPolicy,
  Row,
  RowChanges,
  RowIncrements,
  RowKeyOf,
  Table,
} from '@cairn/core'

/** Tables by name. */
export type Tables = { readonly [name: string]: Table }

/** `tables` as given: by name, or one table that is named after the projection ('order-summary' → order_summary). */
export type TablesOption = Tables | Table
export type NamedTables<N extends string, T> = T extends Table ? { readonly [K in TableNameOf<N>]: T } : T
export type TableNameOf<N extends string> = N extends `${infer H}-${infer R}` ? `${H}_${TableNameOf<R>}` : N

/** The recorded events of several sets, their payloads in the stored (JSON) form of the newest schema. */
export type EventsOfSets<E extends readonly EventSetLike[]> = EventsOf<E[number]>

export interface ProjectionOptions<E extends readonly EventSetLike[], T extends TablesOption> {
  /** 1.. ; raise it when handlers, tables, partitions or mode change: the next version is built beside the one that readers see. */
  readonly version: number
  /** Event sets whose events it may handle. */
  readonly events: E
  readonly tables: T
  /**
   * What determines every row that an event changes: 'stream' (the aggregate), or a text made of the event. Within a tenant.
   * It picks the partition, and later events of its value wait behind one that is parked.
   * @default the row's key for folds into one table, else nothing: all events wait behind a parked one
   */
  readonly partitionBy?: 'stream' | ((event: EventsOfSets<E>) => string)
  /** How many partitions can be worked on side by side, 1..256. Needs `partitionBy`. @default 1 */
  readonly partitions?: number
  /**
   * async: soon after the append. inline: in its transaction, so that a failing handler fails the append. A changed mode needs a
   * new version.
   * @default 'async'
   */
  readonly mode?: 'async' | 'inline'
  /** Tries of an event before it counts as failed. @default 5 tries, 100 ms to 30 s apart */
  readonly retry?: Partial<RetryPolicy>
  /** park: set the event aside and go on with other keys. stop: stop the partition there. @default 'park' */
  readonly onExhausted?: 'park' | 'stop'
  /** The partition stops when more events than this are parked or waiting in it. @default 10_000 */
  readonly maxWaiting?: number
}

/** Changes one table's rows, in order. Keys are the key column's value, or an array where the key has several. */
export interface TableOperations<T> {
  /** The row after everything before. Waits for the database when it is not in memory: prefer `update`, which waits once for a whole batch. */
  get(key: RowKeyOf<T>): Promise<Row<T> | undefined>
  /** Sets the whole row; columns left out take their default. */
  upsert(row: NewRow<T>): void
  /** Changes columns of a row that is there. @throws RowMissingError */
  patch(key: RowKeyOf<T>, changes: RowChanges<T>): void
  /** Adds to number columns, exactly; a row that is not there begins with its defaults, numbers with 0. */
  increment(key: RowKeyOf<T>, by: RowIncrements<T>): void
  /** Makes the row of the one before: the same row changes nothing, null or undefined deletes it. */
  update(key: RowKeyOf<T>, change: (row: Row<T> | undefined) => FoldedRow<T> | null | undefined): void
  /** Nothing happens where there is no row. */
  delete(key: RowKeyOf<T>): void
}

export type OperationsByTable<T> = { readonly [N in keyof T]: TableOperations<T[N]> }

/** By full event type. Events of the sets that have no handler are not read. */
export type ProjectionHandlers<U extends RecordedEvent, T> = {
  readonly [E in U as E['type']]?: (event: E, tables: OperationsByTable<T>) => void | Promise<void>
}

export interface Fold<U extends RecordedEvent, T> {
  /** The key of the row that an event changes; undefined: none. One function, or one for each type. */
  readonly key: ((event: U) => RowKeyOf<T> | undefined) | { readonly [E in U as E['type']]?: (event: E) => RowKeyOf<T> | undefined }
  /** The row after an event: the same row changes nothing, null or undefined deletes it. */
  readonly evolve: { readonly [E in U as E['type']]?: (row: Row<T> | undefined, event: E) => FoldedRow<T> | null | undefined }
}

/** A projection made of folds, with tables that may still get one. */
export interface FoldedProjection<N extends string, U extends RecordedEvent, T, Free extends keyof T> extends Projection<N, T> {
  /** Folds events into one more table. */
  fold<const K extends Free>(table: K, fold: Fold<U, T[K]>): Folded<N, U, T, Exclude<Free, K>>
}
/** With a fold for every table it is a projection like any other: declaration files then do not repeat its events. */
export type Folded<N extends string, U extends RecordedEvent, T, Free extends keyof T> = [Free] extends [never]
  ? Projection<N, T>
  : FoldedProjection<N, U, T, Free>

/** What `defineProjection` returns: a projection that does nothing yet. */
export interface ProjectionStart<N extends string, U extends RecordedEvent, T> {
  /** Row operations, event by event. */
  on(handlers: ProjectionHandlers<U, T>): Projection<N, T>
  /** Folds events into a table, row by row. */
  fold<const K extends keyof T>(table: K, fold: Fold<U, T[K]>): Folded<N, U, T, Exclude<keyof T, K>>
}
