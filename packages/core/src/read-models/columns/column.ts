import type { ColumnKind } from '../table-model.ts'

/** A column without its name, at run time. */
export interface ColumnSpec {
  readonly kind: ColumnKind
  readonly nullable: boolean
  /** Undefined: none. */
  readonly default: unknown
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  /** Checks and completes a value, beyond what the kind asks. @throws any error, whose message is reported */
  readonly check?: ((value: unknown) => unknown) | undefined
}

/** The covariant part of a column: what constraints ask for. */
export interface ColumnLike<K extends ColumnKind = ColumnKind> {
  readonly spec: ColumnSpec & { readonly kind: K }
  /** Types only: what a row carries, what may be written, and whether it may be left out when a row is made. */
  readonly $value: unknown
  readonly $input: unknown
  readonly $optional: boolean
}

/** A column of a table, as declared: `text()`, `numeric(12, 2).default(0)`, `uuid().nullable()`. */
export interface Column<K extends ColumnKind, V, I = V, O extends boolean = false> extends ColumnLike<K> {
  readonly $value: V
  readonly $input: I
  readonly $optional: O
  /** May be null, and is null where a row is made without it. */
  nullable(): Column<K, V | null, I | null, true>
  /** Filled in where a row is made without it. */
  default(value: I): Column<K, V, I, true>
}

export function column<K extends ColumnKind, V, I = V, O extends boolean = false>(
  spec: ColumnSpec & { readonly kind: K },
): Column<K, V, I, O> {
  const made: unknown = Object.freeze({
    spec: Object.freeze(spec),
    nullable: () => column({ ...spec, nullable: true }),
    default: (value: unknown) => column({ ...spec, default: value }),
  })
  return made as Column<K, V, I, O>
}
