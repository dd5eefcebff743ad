import {
  assertTenantId,
  InvalidInputError,
  nearest,
  ProjectionNotBuiltError,
  readerView,
  rowKey,
  rowQuery,
  type Comparable,
  type DeclaredProjection,
  type FindRows,
  type Reader,
  type ReaderView,
  type ReadModelPort,
  type RowPage,
  type RowValues,
  type TableModel,
} from '@cairn/core'
import { z } from 'zod'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { sqlStateOf } from '../connection/sql-state.ts'
import { statement } from '../connection/statement.ts'
import { codecOf } from './column-codec.ts'
import { identifier } from './quote.ts'
import { selectByKey, selectPage, type QueryText } from './row-query-sql.ts'

const Row = z.object({ row: z.string() })

type Declared = Pick<DeclaredProjection, 'name' | 'version' | 'tables'>

interface Known {
  readonly projection: Declared
  readonly model: TableModel
}

/**
 * Reads the views of read models, as the application role in the reader's signed context: what may be read is decided by the
 * policies of the database, whatever is asked here. Each call is one round trip.
 */
export class PgReadModels implements ReadModelPort {
  readonly #db: PgDatabase
  readonly #tables: ReadonlyMap<string, Known>

  constructor(db: PgDatabase, declared: readonly Declared[]) {
    this.#db = db
    this.#tables = new Map(declared.flatMap((projection) => projection.tables.map((model) => [model.name, { projection, model }] as const)))
  }

  async get(reader: Reader, table: string, key: Comparable | readonly Comparable[]): Promise<RowValues | undefined> {
    const known = this.#known(table)
    assertTenantId(reader.tenantId)
    const view = readerView(known.model, reader)
    const values = rowKey(known.model, key)
    if (view.empty) return undefined
    const [row] = await this.#rows(reader, known, view, selectByKey(this.#view(table), known.model, view, reader, values))
    return row
  }

  async find(reader: Reader, table: string, find: FindRows = {}): Promise<RowPage> {
    const known = this.#known(table)
    assertTenantId(reader.tenantId)
    const query = rowQuery(known.model, reader, find)
    if (query.empty) return { rows: [], next: undefined }
    const rows = await this.#rows(reader, known, query, selectPage(this.#view(table), known.model, query, reader))
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    return { rows: page, next: rows.length > page.length && last !== undefined ? query.cursorAt(last) : undefined }
  }

  #known(table: string): Known {
    const known = this.#tables.get(table)
    if (known !== undefined) return known
    const names = [...this.#tables.keys()]
    const meant = nearest(table, names)
    throw new InvalidInputError(
      'table',
      `There is no read model "${table}".${meant === undefined ? '' : ` Did you mean "${meant}"?`} Known: ${names.join(', ')}.`,
    )
  }

  #view(table: string): string {
    return `${identifier(this.#db.schema)}.${identifier(table)}`
  }

  async #rows(
    reader: Reader,
    { projection }: Known,
    { columns }: ReaderView,
    { text, values, page }: QueryText,
  ): Promise<readonly RowValues[]> {
    const { pools, gates, options, schema, signer } = this.#db
    const context = signer.sign([reader.tenantId], { role: reader.role, userId: reader.userId })
    const codecs = columns.map((column) => ({ name: column.name, read: codecOf(column).read }))
    try {
      const rows = await retryWhileUnavailable('a read model', options.retryForMs, () =>
        gates.read.run(() =>
          pools.read.any(
            statement('prepared', `${schema}_read_rows`, Row)`
              select read_rows as row from ${sql.identifier([schema, 'read_rows'])}(${context.text}, ${context.signature}, ${text}, ${values}::text[], ${page}::boolean)`,
          ),
        ),
      )
      return rows.map(({ row }) => parseRow(row, codecs))
    } catch (error) {
      const state = sqlStateOf(error)
      // No such view, or the one of a version with other columns.
      if (state === '42P01' || state === '42703') throw new ProjectionNotBuiltError(projection.name, projection.version)
      throw error
    }
  }
}

function parseRow(text: string, codecs: readonly { readonly name: string; readonly read: (text: string) => unknown }[]): RowValues {
  const texts: readonly (string | null)[] = JSON.parse(text)
  return Object.fromEntries(
    codecs.map(({ name, read }, i) => {
      const value = texts[i]
      return [name, value === null || value === undefined ? null : read(value)]
    }),
  )
}
