import type { ColumnKind, ColumnModel, TableModel } from '@cairn/core'

export function column(name: string, kind: ColumnKind, more: Partial<ColumnModel> = {}): ColumnModel {
  return { name, kind, nullable: false, default: undefined, ...more }
}

export function tableModel(
  name: string,
  columns: readonly ColumnModel[],
  key: readonly string[],
  more: Partial<TableModel> = {},
): TableModel {
  return { name, columns, key, indexes: [], readAccess: undefined, ...more }
}

/** Text key, a number and an optional text. */
export const counters: TableModel = tableModel(
  'counters',
  [column('id', 'text'), column('count', 'integer'), column('note', 'text', { nullable: true })],
  ['id'],
)

/** Every kind of column, each nullable but the key. */
export const everything: TableModel = tableModel(
  'everything',
  [
    column('id', 'integer'),
    column('a_text', 'text', { nullable: true }),
    column('an_integer', 'integer', { nullable: true }),
    column('a_bigint', 'bigint', { nullable: true }),
    column('money', 'numeric', { nullable: true, precision: 12, scale: 2 }),
    column('exact', 'numeric', { nullable: true, precision: 15, scale: 6 }),
    column('huge', 'numeric', { nullable: true, precision: 40, scale: 10 }),
    column('a_double', 'double', { nullable: true }),
    column('a_boolean', 'boolean', { nullable: true }),
    column('a_uuid', 'uuid', { nullable: true }),
    column('a_date', 'date', { nullable: true }),
    column('a_timestamp', 'timestamp', { nullable: true }),
    column('a_json', 'json', { nullable: true }),
  ],
  ['id'],
)

/** A key of several columns of several kinds. */
export const compound: TableModel = tableModel(
  'compound',
  [column('day', 'date'), column('region', 'text'), column('slot', 'bigint'), column('open', 'boolean'), column('count', 'integer')],
  ['day', 'region', 'slot', 'open'],
)
