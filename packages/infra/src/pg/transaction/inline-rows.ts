import type { PhysicalTable, RowKey, RowStorePort, RowWrites, StoredRow } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import { plainArray, textArray } from '../connection/array-literal.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { arrayOf } from '../read-models/column-codec.ts'
import { PgRowStore } from '../read-models/pg-row-store.ts'
import type { RowStatement, TableColumn } from '../read-models/row-statements.ts'
import { projectionLock, rowLock } from './inline-locks.ts'
import { inlineStatements } from './inline-statements.ts'

/** Locks of single rows that one transaction may take: the server's table of locks is shared by all. */
const maxRowLocks = 500
const maxRows = 5_000

const Nothing = z.unknown()

/** The rows of one inline projection in the transaction of an append. */
export class InlineRows implements RowStorePort {
  readonly #connection: DatabaseTransactionConnection
  readonly #schema: string
  readonly #projection: string
  readonly #mode: StatementMode
  readonly #rows: PgRowStore
  #locked = 0
  #alone = false

  constructor(connection: DatabaseTransactionConnection, schema: string, projection: string, mode: StatementMode) {
    this.#connection = connection
    this.#schema = schema
    this.#projection = projection
    this.#mode = mode
    this.#rows = new PgRowStore(connection, schema, mode)
  }

  async load(table: PhysicalTable, keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    if (keys.length === 0) return []
    await this.#lock(table, keys)
    // A statement of its own, behind the locks: it sees what their last holders committed.
    return this.#rows.load(table, keys)
  }

  async write(table: PhysicalTable, { upserts, deletes }: RowWrites): Promise<void> {
    const { columns, key, upsert, remove } = inlineStatements(this.#schema, table)
    for (const rows of chunks(inOrder(upserts))) {
      const values = columns.map((column) =>
        valuesOf(
          table,
          column,
          rows.map((row) => row.values[column.model.name]),
        ),
      )
      await this.#run(upsert, [tenantsOf(rows), ...values, plainArray(rows.map(({ position }) => position))])
    }
    for (const rows of chunks(inOrder(deletes))) {
      const keys = key.map((column, i) =>
        valuesOf(
          table,
          column,
          rows.map((row) => row.key[i]),
        ),
      )
      await this.#run(remove, [tenantsOf(rows), ...keys])
    }
  }

  /** In one order for all, so that two appends that share rows wait for each other in one direction only. */
  async #lock(table: PhysicalTable, keys: readonly RowKey[]): Promise<void> {
    if (this.#alone) return
    this.#locked += keys.length
    if (this.#locked > maxRowLocks) {
      const bulk = projectionLock(this.#schema, this.#projection, 'bulk')
      await this.#connection.query(
        statement(this.#mode, 'cairn_inline_lock_all', Nothing)`select pg_advisory_xact_lock(${bulk}::bigint)::text as locked`,
      )
      this.#alone = true
      return
    }
    const locks = keys.map(({ tenantId, key }) => rowLock(this.#schema, table.name, tenantId, key)).toSorted(compare)
    await this.#connection.query(
      statement(this.#mode, 'cairn_inline_lock_rows', Nothing)`
        select pg_advisory_xact_lock(x)::text as locked from unnest(${plainArray(locks.map(String))}::bigint[]) x`,
    )
  }

  async #run({ parts, name }: RowStatement, parameters: readonly string[]): Promise<void> {
    await this.#connection.query(statement(this.#mode, name, Nothing)(parts, ...parameters))
  }
}

function valuesOf(table: PhysicalTable, { model, codec }: TableColumn, values: readonly unknown[]): string {
  return arrayOf(table.model.name, model, codec, values)
}

function tenantsOf(rows: readonly RowKey[]): string {
  return textArray(rows.map(({ tenantId }) => tenantId))
}

/** Rows that were written without being read are locked by the statement itself, one after another. */
function inOrder<R extends RowKey>(rows: readonly R[]): readonly R[] {
  return rows.toSorted((a, b) => compare(sortKey(a), sortKey(b)))
}

function sortKey({ tenantId, key }: RowKey): string {
  return [tenantId, ...key.map(String)].join('\0')
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function* chunks<R>(rows: readonly R[]): Generator<readonly R[]> {
  for (let start = 0; start < rows.length; start += maxRows) yield rows.slice(start, start + maxRows)
}
