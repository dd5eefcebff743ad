import type { RowValues } from './row-store.port.ts'

/** In whose name a read model is read: the tenant, and the role and user that its rules ask for. */
export interface Reader {
  readonly tenantId: string
  readonly role?: string | undefined
  readonly userId?: string | undefined
}

/** A value as rows carry it; json columns are neither compared nor ordered by. */
export type Comparable = string | number | boolean

/** One value, one of several, or a range (as the database compares the column); null finds rows without a value. */
export type Condition =
  | Comparable
  | null
  | { readonly in: readonly Comparable[] }
  | {
      readonly above?: Comparable | undefined
      readonly from?: Comparable | undefined
      readonly below?: Comparable | undefined
      readonly upTo?: Comparable | undefined
    }

export interface FindRows {
  /** By column; all must hold. @default every row that the reader may read */
  readonly where?: Readonly<Record<string, Condition>> | undefined
  /**
   * Columns in order, '-total' for descending; the key decides between equals. Rows without a value come last, and first where
   * it is descending. @default the key
   */
  readonly orderBy?: readonly string[] | undefined
  /** 1..1,000. @default 100 */
  readonly limit?: number | undefined
  /** What the page before gave as `next`. */
  readonly after?: string | undefined
}

export interface RowPage {
  readonly rows: readonly RowValues[]
  /** Where the next page goes on; undefined at the end. Good for the same question only. */
  readonly next: string | undefined
}

/**
 * Reads read models for an application: rows of the reader's tenant that `readAccess` allows its role and user, without the
 * columns that are hidden from the role. A condition or an order by a hidden column is refused, for it would tell its values.
 *
 * Reads see what is committed. Pages of one question neither skip nor repeat a row that does not change meanwhile.
 *
 * @throws InvalidInputError naming the field: an unknown table or column, a value that does not fit, a cursor of another question
 * @throws ReadDeniedError when no rule of the table is for the reader's role
 * @throws ProjectionNotBuiltError when the database does not show the table, or shows it with other columns
 * @throws DatabaseUnavailableError
 * @throws StatementStoppedError when the read met a limit of the login
 */
export interface ReadModelPort {
  /** The row of a key (its column's value, or the values in order where it has several); undefined where there is none to read. */
  get(reader: Reader, table: string, key: Comparable | readonly Comparable[]): Promise<RowValues | undefined>
  find(reader: Reader, table: string, query?: FindRows): Promise<RowPage>
}
