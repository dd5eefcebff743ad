import type { PgEventStoreTransaction } from '@cairn/infra/pg'

type Connection = PgEventStoreTransaction['connection']

/** What may stand in a statement's placeholders. */
export type SqlValue = string | number | bigint | boolean | null | Buffer

/** A row by its columns' names; the values are as the driver reads them. */
export type SqlRow = Readonly<Record<string, unknown>>

/**
 * Runs a statement inside a transaction, as the application role in one tenant's context: it sees no other tenant's rows.
 * Values become parameters, never text: ``await sql`select name from customers where id = ${id}` ``.
 */
export interface TenantSql {
  /** Gives the rows. */
  (text: TemplateStringsArray, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]>
  /** The slonik connection, for statements that are built from fragments. */
  readonly connection: Connection
}

/**
 * The same for a handler of the background: in the transaction that moves its checkpoint, as the worker role, which sees the rows
 * of every tenant. Tables of the user's own must be granted to it.
 */
export type HandlerSql = TenantSql

/** @param tag slonik's, as `@cairn/infra/pg` exports it */
export function tenantSql(connection: Connection, tag: typeof import('@cairn/infra/pg').sql): TenantSql {
  const run = async (text: TemplateStringsArray, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> => {
    const { rows } = await connection.query(tag.unsafe(text, ...values))
    return rows.filter(isRow)
  }
  return Object.assign(run, { connection })
}

function isRow(row: unknown): row is SqlRow {
  return typeof row === 'object' && row !== null
}
