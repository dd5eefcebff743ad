import type { ColumnLike } from '../columns/column.ts'
import type { ColumnKind } from '../table-model.ts'
import type { ReadRule } from './read-access.ts'

export type Columns = { readonly [name: string]: ColumnLike }

/** The columns that may be part of a key: not null, and equal or not without doubt. */
export type KeyColumn<C extends Columns> = {
  [N in keyof C & string]: null extends C[N]['$value'] ? never : C[N] extends ColumnLike<'json' | 'double'> ? never : N
}[keyof C & string]

export interface TableOptions<C extends Columns, K extends KeyOption<C>> {
  /** The column, or columns in order, whose values name a row; the tenant stands before them. */
  readonly key: K
  /** Extra indexes, each a column or a list of them; the tenant stands before them. Indexed text holds 1,500 bytes at most. @default none */
  readonly indexes?: readonly (NameOf<C> | readonly NameOf<C>[])[]
  /**
   * By role, who may read which rows: `{ customer: ownRows('customer'), staff: allRows }`; '*' is every role and none. Without
   * it the application reads nothing of the table.
   */
  readonly readAccess?: { readonly [role: string]: ReadRule<NameOf<C>> }
}
export type KeyOption<C extends Columns> = KeyColumn<C> | readonly [KeyColumn<C>, ...KeyColumn<C>[]]
type NameOf<C> = keyof C & string

/** A table, declared; its projection gives it its name. */
export interface Table<C extends Columns = Columns, K extends string | readonly string[] = string | readonly string[]> {
  readonly columns: C
  readonly key: K
  readonly indexes: readonly (string | readonly string[])[]
  readonly readAccess: { readonly [role: string]: ReadRule } | undefined
}

/** Declares a read model's table: `table({ id: text(), total: numeric(12, 2) }, { key: 'id' })`. */
export function table<const C extends Columns, const K extends KeyOption<C>>(columns: C, options: TableOptions<C, K>): Table<C, K> {
  return Object.freeze({ columns, key: options.key, indexes: options.indexes ?? [], readAccess: options.readAccess })
}

/** A row as it is read. */
export type Row<T> = T extends { readonly columns: infer C extends Columns } ? { readonly [N in keyof C]: C[N]['$value'] } : never

/** A row as it is written whole: nullable columns and those with a default may be left out. */
export type NewRow<T> = T extends { readonly columns: infer C extends Columns } ? Simplify<Required<C> & Optional<C>> : never
type Required<C extends Columns> = { readonly [N in keyof C as C[N]['$optional'] extends true ? never : N]: C[N]['$input'] }
type Optional<C extends Columns> = { readonly [N in keyof C as C[N]['$optional'] extends true ? N : never]?: C[N]['$input'] | undefined }
type Simplify<T> = { [N in keyof T]: T[N] } & {}

/** A row as a fold returns it: as it is written whole, and key columns may be left out too. */
export type FoldedRow<T> = T extends { readonly columns: infer C extends Columns; readonly key: infer K }
  ? Simplify<FoldedRequired<C, KeyNames<K>> & FoldedOptional<C, KeyNames<K>>>
  : never
type FoldedRequired<C extends Columns, K> = { readonly [N in keyof C as MayLeaveOut<C, N, K> extends true ? never : N]: C[N]['$input'] }
type FoldedOptional<C extends Columns, K> = {
  readonly [N in keyof C as MayLeaveOut<C, N, K> extends true ? N : never]?: C[N]['$input'] | undefined
}
type MayLeaveOut<C extends Columns, N extends keyof C, K> = N extends K ? true : C[N]['$optional']

/** Changes of a row: any columns but the key's. */
export type RowChanges<T> = T extends { readonly columns: infer C extends Columns; readonly key: infer K }
  ? { readonly [N in Exclude<keyof C, KeyNames<K>>]?: C[N]['$input'] | undefined }
  : never

/** What to add to number columns. */
export type RowIncrements<T> = T extends { readonly columns: infer C extends Columns; readonly key: infer K }
  ? { readonly [N in Exclude<Numbers<C>, KeyNames<K>>]?: NonNullable<C[N]['$input']> | undefined }
  : never
type Numbers<C extends Columns> = { [N in keyof C]: C[N] extends ColumnLike<NumberKind> ? N : never }[keyof C]
type NumberKind = Extract<ColumnKind, 'integer' | 'bigint' | 'numeric' | 'double'>

/** A row's key: its column's value, or the values in the key's order where it has several. */
export type RowKeyOf<T> = T extends { readonly columns: infer C extends Columns; readonly key: infer K }
  ? K extends readonly string[]
    ? { readonly [I in keyof K]: K[I] extends keyof C ? C[K[I]]['$input'] : never }
    : K extends keyof C
      ? C[K]['$input']
      : never
  : never

/** The names of the columns of a key. */
export type KeyNames<K> = K extends readonly (infer N)[] ? N : K
