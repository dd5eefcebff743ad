import type { ColumnKind, ColumnModel, GenerationPlan, TableModel } from '@cairn/core'

export function column(name: string, kind: ColumnKind, more: Partial<ColumnModel> = {}): ColumnModel {
  return { name, kind, nullable: false, default: undefined, ...more }
}

export function tableModel(
  name: string,
  columns: readonly ColumnModel[],
  key: readonly string[] = ['id'],
  more: Partial<TableModel> = {},
): TableModel {
  return { name, columns, key, indexes: [], readAccess: undefined, ...more }
}

/** A plan whose fingerprint is its number: two are the same plan when their versions and numbers are. */
export function planOf(projection: string, tables: readonly TableModel[], more: Partial<GenerationPlan> = {}): GenerationPlan {
  return { projection, version: 1, fingerprint: 'f'.repeat(64), partitions: 1, tables, inline: false, ...more }
}
