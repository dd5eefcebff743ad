import { InMemoryRowStore, ProjectionProcessor, type LogReaderPort, type ProjectionDefinition, type RowValues } from '@cairn/core'
import { queryOnce } from '../../../support/query-once.ts'

export type Rows = readonly (RowValues & { readonly tenant_id: string })[]

/** The rows of a projection's tables, folded in memory from the whole log: what every build must come to. */
export async function foldedRows(
  reader: LogReaderPort,
  definition: ProjectionDefinition,
  upTo?: number,
): Promise<ReadonlyMap<string, Rows>> {
  const tables = [...definition.tables.values()].map((model) => ({ name: `folded_${model.name}`, model }))
  const rows = new InMemoryRowStore()
  const processor = new ProjectionProcessor({ definition, partition: 0, tables, rows })
  for (let after = 0; ;) {
    const page = await reader.read({ after, limit: 10_000, types: definition.types, ...(upTo === undefined ? {} : { upTo }) })
    await processor.handle(page.events)
    await processor.commit({ rows })
    processor.committed()
    after = page.next
    if (after >= (upTo ?? page.horizon)) break
  }
  return new Map(
    tables.map((table) => [
      table.model.name,
      sorted(rows.rows(table.name).map(({ tenantId, values }) => ({ tenant_id: tenantId, ...values }))),
    ]),
  )
}

/** What readers of the views see, every tenant's. */
export async function visibleRows(url: string, schema: string, definition: ProjectionDefinition): Promise<ReadonlyMap<string, Rows>> {
  const found = new Map<string, Rows>()
  for (const { name, columns } of definition.tables.values()) {
    // Dates stay text: the driver would make times of them.
    const names = ['tenant_id', ...columns.map(({ name: column, kind }) => (kind === 'date' ? `${column}::text` : column))]
    const rows = await queryOnce<Record<string, unknown> & { tenant_id: string }>(url, `select ${names.join(', ')} from ${schema}.${name}`)
    const numeric = new Set(columns.filter(({ kind }) => kind === 'numeric' || kind === 'bigint').map((column) => column.name))
    found.set(name, sorted(rows.map((row) => ({ ...mapNumbers(row, numeric), tenant_id: row.tenant_id }))))
  }
  return found
}

/** Rows as JSON has them: times are text on one side, and dates on the other. */
export function plain(rows: ReadonlyMap<string, Rows>): unknown {
  return JSON.parse(JSON.stringify([...rows]))
}

function mapNumbers(row: Readonly<Record<string, unknown>>, numeric: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, numeric.has(name) && value !== null ? Number(value) : value]))
}

function sorted(rows: Rows): Rows {
  return rows.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

function textOf(row: RowValues): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
