import {
  assertTenantId,
  InvalidInputError,
  isReadable,
  nearest,
  readerView,
  redact,
  rowKey,
  rowQuery,
  type Comparable,
  type FindRows,
  type InMemoryRowStore,
  type PhysicalTable,
  type Reader,
  type ReadModelPort,
  type RowCondition,
  type RowOrder,
  type RowPage,
  type RowValues,
} from '@cairn/core'

/** Read models over rows in memory. Text is ordered by its UTF-16 code units, where PostgreSQL goes by the column's collation. */
export class InMemoryReadModels implements ReadModelPort {
  readonly #rows: InMemoryRowStore
  readonly #tables: ReadonlyMap<string, PhysicalTable>

  /** @param tables what readers see: one physical table for each logical name */
  constructor(rows: InMemoryRowStore, tables: readonly PhysicalTable[]) {
    this.#rows = rows
    this.#tables = new Map(tables.map((table) => [table.model.name, table]))
  }

  async get(reader: Reader, table: string, key: Comparable | readonly Comparable[]): Promise<RowValues | undefined> {
    const known = this.#known(table)
    assertTenantId(reader.tenantId)
    const view = readerView(known.model, reader)
    const [row] = await this.#rows.load(known, [{ tenantId: reader.tenantId, key: rowKey(known.model, key) }])
    return row !== undefined && isReadable(view.scope, reader.userId, row.values) ? redact(view.scope, row.values) : undefined
  }

  async find(reader: Reader, table: string, find: FindRows = {}): Promise<RowPage> {
    const known = this.#known(table)
    assertTenantId(reader.tenantId)
    const query = rowQuery(known.model, reader, find)
    const { after, order } = query
    const rows = this.#rows
      .rows(known.name)
      .filter(({ tenantId, values }) => tenantId === reader.tenantId && isReadable(query.scope, reader.userId, values))
      .map(({ values }) => values)
      .filter((row) => query.conditions.every((condition) => holds(row[condition.column.name], condition)))
      .filter((row) => after === undefined || compareRows(row, valuesAt(order, after), order) > 0)
      .toSorted((a, b) => compareRows(a, b, order))
    const page = rows.slice(0, query.limit).map((row) => redact(query.scope, row))
    const last = page.at(-1)
    return { rows: page, next: rows.length > page.length && last !== undefined ? query.cursorAt(last) : undefined }
  }

  #known(table: string): PhysicalTable {
    const known = this.#tables.get(table)
    if (known !== undefined) return known
    const names = [...this.#tables.keys()]
    const meant = nearest(table, names)
    throw new InvalidInputError(
      'table',
      `There is no read model "${table}".${meant === undefined ? '' : ` Did you mean "${meant}"?`} Known: ${names.join(', ')}.`,
    )
  }
}

function valuesAt(order: readonly RowOrder[], values: readonly unknown[]): RowValues {
  return Object.fromEntries(order.map(({ column }, i) => [column.name, values[i]]))
}

function holds(value: unknown, { column, operator, values }: RowCondition): boolean {
  if (operator === 'is null') return value === null
  if (value === null) return false
  const numeric = column.kind === 'numeric'
  if (operator === 'in') return values.some((candidate) => compare(value, candidate, numeric) === 0)
  const difference = compare(value, values[0], numeric)
  switch (operator) {
    case '=':
      return difference === 0
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
  }
}

function compareRows(a: RowValues, b: RowValues, order: readonly RowOrder[]): number {
  for (const { column, descending } of order) {
    const difference = compare(a[column.name], b[column.name], column.kind === 'numeric')
    if (difference !== 0) return descending ? -difference : difference
  }
  return 0
}

/** Null stands last. Long decimals come as text of one scale. */
function compare(a: unknown, b: unknown, numeric: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === 'string' && typeof b === 'string') return numeric ? sign(scaled(a) - scaled(b)) : a < b ? -1 : a > b ? 1 : 0
  return sign(Number(a) - Number(b))
}

function scaled(decimal: string): bigint {
  return BigInt(decimal.replace('.', ''))
}

function sign(difference: number | bigint): number {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0
}
