import type { TableModel } from '../read-models/table-model.ts'

/** A value of a column in its JSON-stable form: what rows are folded, compared and handed out in. */
export type ColumnValue = string | number | boolean | null | JsonColumnValue
export type JsonColumnValue = { readonly [key: string]: unknown } | readonly unknown[]

/** A row's columns by name; the tenant and the position stand beside it. */
export type RowValues = Readonly<Record<string, unknown>>

/** Names a row: its tenant, and its key columns' values in the order of `TableModel.key`. */
export interface RowKey {
  readonly tenantId: string
  readonly key: readonly (string | number | boolean)[]
}

export interface StoredRow extends RowKey {
  readonly values: RowValues
  /** The position of the last event that changed it. */
  readonly position: number
}

/** A table as it exists: one generation of a projection's table. */
export interface PhysicalTable {
  /** 'order_summary__v2_g1'. */
  readonly name: string
  readonly model: TableModel
}

export interface RowWrites {
  /** Whole rows, each key once. `fresh`: certainly not there yet, which spares the store to look; one that is there is stale. */
  readonly upserts: readonly (StoredRow & { readonly partition: number; readonly fresh?: boolean | undefined })[]
  /** Each key once, and none that is among the upserts; with the position of the event that deleted it. */
  readonly deletes: readonly (RowKey & { readonly position: number; readonly partition: number })[]
}

/** Rows of read models, in bulk: one statement per call. */
export interface RowStorePort {
  /** Aligned with `keys`; undefined where there is no row. */
  load(table: PhysicalTable, keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]>
  /**
   * One upsert and one delete.
   * @throws StaleRowError when a row is at or ahead of the position of its write
   * @throws RowPartitionError when a row was written by another partition
   */
  write(table: PhysicalTable, writes: RowWrites): Promise<void>
}
