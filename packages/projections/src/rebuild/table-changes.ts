import type { ColumnModel, TableModel } from '@cairn/core'

/** What becomes of one table when a new version takes the place of the live one. */
export interface TableChange {
  readonly table: string
  readonly kind: 'new' | 'removed' | 'kept'
  readonly added: readonly string[]
  /** Readers that name these fail after the switch. */
  readonly removed: readonly string[]
  readonly retyped: readonly { readonly column: string; readonly from: string; readonly to: string }[]
}

/** Compares tables by their logical names, in the order of the new ones. */
export function tableChanges(live: readonly TableModel[], next: readonly TableModel[]): readonly TableChange[] {
  const before = new Map(live.map((model) => [model.name, model]))
  const changes = next.map((model): TableChange => {
    const old = before.get(model.name)
    before.delete(model.name)
    return old === undefined ? { ...unchanged(model.name), kind: 'new' } : columnChanges(old, model)
  })
  return [...changes, ...[...before.keys()].map((name): TableChange => ({ ...unchanged(name), kind: 'removed' }))]
}

function columnChanges(old: TableModel, next: TableModel): TableChange {
  const oldColumns = new Map(old.columns.map((column) => [column.name, column]))
  const nextNames = new Set(next.columns.map((column) => column.name))
  return {
    table: next.name,
    kind: 'kept',
    added: next.columns.filter((column) => !oldColumns.has(column.name)).map((column) => column.name),
    removed: old.columns.filter((column) => !nextNames.has(column.name)).map((column) => column.name),
    retyped: next.columns.flatMap((column) => {
      const before = oldColumns.get(column.name)
      if (before === undefined || typeOf(before) === typeOf(column)) return []
      return [{ column: column.name, from: typeOf(before), to: typeOf(column) }]
    }),
  }
}

function typeOf({ kind, precision, scale }: ColumnModel): string {
  return precision === undefined ? kind : `${kind}(${precision}${scale === undefined ? '' : `, ${scale}`})`
}

function unchanged(table: string): Omit<TableChange, 'kind'> {
  return { table, added: [], removed: [], retyped: [] }
}

/** One line for people: '+note, -legacy, total integer -> numeric(12, 2)'; empty when nothing changes. */
export function describeChange({ kind, added, removed, retyped }: TableChange): string {
  if (kind !== 'kept') return kind
  return [
    ...added.map((column) => `+${column}`),
    ...removed.map((column) => `-${column}`),
    ...retyped.map(({ column, from, to }) => `${column} ${from} -> ${to}`),
  ].join(', ')
}
