import type { RecordedEvent } from '../contracts/event.ts'
import type { FailurePolicy } from '../subscriptions/failure-policy.ts'
import type { TableModel } from './table-model.ts'

/** Makes a row of the one before (undefined: there is none) and the event; the same row changes nothing, null or undefined deletes it. */
export type RowChange = (
  row: Readonly<Record<string, unknown>> | undefined,
  event: RecordedEvent,
) => Readonly<Record<string, unknown>> | null | undefined

/** Changes one table's rows while an event is handled. Keys are the key column's value, or an array where the key has several. */
export interface RowOperations {
  /** The row as it stands after everything before this call. Prefer `update`, which does not wait for each row by itself. */
  get(key: unknown): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Sets the whole row; columns left out take their default. */
  upsert(row: Readonly<Record<string, unknown>>): void
  /** Changes columns of a row that is there. @throws RowMissingError, at the latest when the batch is written */
  patch(key: unknown, changes: Readonly<Record<string, unknown>>): void
  /** Adds to number columns; a row that is not there begins with its defaults, numbers with 0. Long numerics are added as text. */
  increment(key: unknown, by: Readonly<Record<string, unknown>>): void
  /** Folds the event into the row. The key columns of the result may be left out; columns that it leaves out take their default. */
  update(key: unknown, change: RowChange): void
  /** Nothing happens where there is no row. */
  delete(key: unknown): void
}

/** The tables of a projection as its handlers see them. */
export type RowOperationsByTable = Readonly<Record<string, RowOperations>>

/** A projection, complete: what `defineProjection(…).on(…)` or `.fold(…)` returns and a domain takes. */
export interface ProjectionDefinition<N extends string = string> {
  readonly name: N
  readonly version: number
  /** Full event types that it handles. */
  readonly types: readonly string[]
  /** By logical name. */
  readonly tables: ReadonlyMap<string, TableModel>
  /** async: on the subscription engine. inline: in the append's own transaction. */
  readonly mode: 'async' | 'inline'
  readonly partitions: number
  /** How the partition key was declared, for the fingerprint: 'none', 'stream', 'row' or 'custom'. */
  readonly partitionBy: string
  /** The partition key's value; it must determine all rows that the event changes. */
  keyOf(event: RecordedEvent): string
  /** Applies one event, lifted to the newest schema. Synchronous unless a handler reads rows. */
  apply(event: RecordedEvent, tables: RowOperationsByTable): void | Promise<void>
  readonly failure: FailurePolicy
}

/**
 * A projection with its tables' types: what `defineProjection` makes. It stands here, beside `defineDomain`, so that a domain's
 * declaration files name no package that the domain does not import.
 */
export interface Projection<N extends string = string, T = unknown> extends ProjectionDefinition<N> {
  /** A type only: the tables by name. */
  readonly $tables: T
}
