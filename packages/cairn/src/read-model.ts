import type { Comparable, ProjectionOf, Row, RowKeyOf, Domain } from '@cairn/core'

/** In whose name a read model is read. */
export interface ReadOptions {
  /** @default the default tenant, where one is set; otherwise a tenant must be named */
  readonly tenantId?: string | undefined
  /** What the rules of `readAccess` go by. @default none: only what '*' may read */
  readonly role?: string | undefined
  /** What `ownRows` compares with. */
  readonly userId?: string | undefined
}

/** One value, one of several, or a range; null finds rows without a value. */
export type WhereValue<V> =
  | V
  | { readonly in: readonly NonNullable<V>[] }
  | {
      readonly above?: NonNullable<V> | undefined
      readonly from?: NonNullable<V> | undefined
      readonly below?: NonNullable<V> | undefined
      readonly upTo?: NonNullable<V> | undefined
    }

/** The columns that can be compared: all but json. */
type ComparableColumns<R> = { [N in keyof R & string]: NonNullable<R[N]> extends Comparable ? N : never }[keyof R & string]

export interface FindOptions<R> {
  /** By column; all must hold. @default every row that may be read */
  readonly where?: { readonly [N in ComparableColumns<R>]?: WhereValue<R[N]> | undefined } | undefined
  /** Columns in order, '-total' for descending; the key decides between equals. @default the key */
  readonly orderBy?:
    | ComparableColumns<R>
    | `-${ComparableColumns<R>}`
    | readonly (ComparableColumns<R> | `-${ComparableColumns<R>}`)[]
    | undefined
  /** 1..1,000. @default 100 */
  readonly limit?: number | undefined
  /** What the page before gave as `next`. */
  readonly after?: string | undefined
}

export interface Page<R> {
  readonly rows: readonly R[]
  /** Pass as `after` for the next page; undefined at the end. */
  readonly next: string | undefined
}

/**
 * A table of a projection, as one reader may see it: the rows of its tenant that `readAccess` allows its role and user. Columns
 * that are hidden from the role are left out of the rows.
 */
export interface ReadModel<R, K> {
  /** The row of a key: its column's value, or the values in order where it has several. */
  get(key: K): Promise<R | undefined>
  find(options?: FindOptions<R>): Promise<Page<R>>
}

/** The tables of a domain's projections, or of those of a union of domains, by name. */
type TablesOf<P> = P extends { readonly $tables: infer T } ? (string extends keyof T ? never : T) : never
/** Their names, as literals. */
export type TableNameOf<D extends Domain> = string extends Domain['name'] & D['name'] ? string : NamesOf<TablesOf<ProjectionOf<D>>>
type NamesOf<T> = T extends unknown ? keyof T & string : never
type TableNamed<T, N> = T extends unknown ? (N extends keyof T ? T[N] : never) : never

/** What `app.readModel(name)` gives for a table of the app. */
export type ReadModelOf<D extends Domain, N extends string> = [TableNamed<TablesOf<ProjectionOf<D>>, N>] extends [never]
  ? ReadModel<Readonly<Record<string, unknown>>, unknown>
  : ReadModel<Row<TableNamed<TablesOf<ProjectionOf<D>>, N>>, RowKeyOf<TableNamed<TablesOf<ProjectionOf<D>>, N>>>
