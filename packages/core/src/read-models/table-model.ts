/** The kinds of columns, by their PostgreSQL types. */
export const columnKinds = ['text', 'integer', 'bigint', 'numeric', 'double', 'boolean', 'uuid', 'date', 'timestamp', 'json'] as const
export type ColumnKind = (typeof columnKinds)[number]

/**
 * A column of a read model. Values, as rows carry them (JSON-stable): text, uuid string; integer, bigint (checked to be a safe
 * integer), double, numeric of up to 15 digits number; longer numeric string; boolean; date 'YYYY-MM-DD'; timestamp ISO 8601
 * with milliseconds, UTC; json anything JSON.
 */
export interface ColumnModel {
  readonly name: string
  readonly kind: ColumnKind
  readonly nullable: boolean
  /** Filled in where an upsert leaves it out; undefined: nullable columns become null, others must be given. */
  readonly default: unknown
  /** numeric only. */
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  /** json only: checks and completes a value beyond that it is JSON. Not enumerable: no part of the table's shape. */
  readonly check?: ((value: unknown) => unknown) | undefined
}

/** Who may read a table's rows through the application role, within a tenant. */
export type RowRule =
  /** Every row of the tenant. */
  | { readonly rows: 'all' }
  /** Rows whose column equals the user of the signed context. */
  | { readonly rows: 'own'; readonly column: string }

export interface RoleAccess {
  readonly rule: RowRule
  /** Columns that the read API leaves out for this role. */
  readonly hidden: readonly string[]
}

/** A read model's table as its projection declares it. Each physical table also has tenant_id, last_position and partition. */
export interface TableModel {
  /** Logical name, which the view carries: lower-case snake case. */
  readonly name: string
  /** In the order of declaration. */
  readonly columns: readonly ColumnModel[]
  /** Names of the key's columns; the tenant stands before them. */
  readonly key: readonly string[]
  /** Extra indexes, each a list of columns; the tenant stands before them. */
  readonly indexes: readonly (readonly string[])[]
  /** By role; '*' is every role and none. Undefined: denied to the application. */
  readonly readAccess: Readonly<Record<string, RoleAccess>> | undefined
}
