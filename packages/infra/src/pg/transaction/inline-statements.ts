import { createHash } from 'node:crypto'
import type { PhysicalTable } from '@cairn/core'
import { partitionColumn, positionColumn, tenantColumn } from '../read-models/hidden-columns.ts'
import { identifier, identifiers } from '../read-models/quote.ts'
import { rowStatements, type RowStatement, type TableColumn } from '../read-models/row-statements.ts'
import { rawTemplate } from './raw-template.ts'

/** Writes of inline projections. Unlike the engine's they do not compare positions: their rows are locked instead. */
export interface InlineStatements {
  readonly columns: readonly TableColumn[]
  readonly key: readonly TableColumn[]
  /** Tenants, all columns, positions. */
  readonly upsert: RowStatement
  /** Tenants and keys. */
  readonly remove: RowStatement
}

const cached = new WeakMap<PhysicalTable, InlineStatements>()

export function inlineStatements(schema: string, table: PhysicalTable): InlineStatements {
  let statements = cached.get(table)
  if (statements === undefined) cached.set(table, (statements = build(schema, table)))
  return statements
}

function build(schema: string, table: PhysicalTable): InlineStatements {
  const { columns, key } = rowStatements(schema, table)
  const relation = `${identifier(schema)}.${identifier(table.name)}`
  const names = columns.map(({ model }) => model.name)
  const keyNames = key.map(({ model }) => model.name)
  const changed = names.filter((name) => !keyNames.includes(name))
  return {
    columns,
    key,
    upsert: statementOf(
      `insert into ${relation} as t (${identifiers([tenantColumn, ...names, positionColumn, partitionColumn])}) select *, 0 from unnest(`,
      ['text', ...columns.map(({ codec }) => codec.type), 'bigint'],
      `) on conflict (${identifiers([tenantColumn, ...keyNames])}) do update set ${[
        ...changed.map((name) => `${identifier(name)} = excluded.${identifier(name)}`),
        `${positionColumn} = greatest(t.${positionColumn}, excluded.${positionColumn})`,
      ].join(', ')}`,
    ),
    remove: statementOf(
      `delete from ${relation} t using unnest(`,
      ['text', ...key.map(({ codec }) => codec.type)],
      `) k(t, ${key.map((_, i) => `k${i}`).join(', ')}) where t.${tenantColumn} = k.t and ${key
        .map(({ model }, i) => `t.${identifier(model.name)} = k.k${i}`)
        .join(' and ')}`,
    ),
  }
}

/** A statement around array parameters, each cast to its type. */
function statementOf(before: string, types: readonly string[], after: string): RowStatement {
  const texts = [before, ...types.map((type, i) => (i === types.length - 1 ? `::${type}[]${after}` : `::${type}[], `))]
  return { parts: rawTemplate(texts), name: `cairn_inline_${createHash('sha256').update(texts.join('$')).digest('hex').slice(0, 24)}` }
}
