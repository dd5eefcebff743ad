import { createHash } from 'node:crypto'
import type { ColumnModel, PhysicalTable } from '@cairn/core'
import { codecOf, type ColumnCodec } from './column-codec.ts'
import { partitionColumn, positionColumn, tenantColumn } from './hidden-columns.ts'
import { identifier, identifiers } from './quote.ts'

export interface TableColumn {
  readonly model: ColumnModel
  readonly codec: ColumnCodec
}

/** A statement's text between its parameters, as a template carries it. */
export interface RowStatement {
  readonly parts: TemplateStringsArray
  /** By the text, so that a table whose columns change gets another prepared statement. */
  readonly name: string
}

/** The statements on one physical table. Parameters are array literals, aligned: the tenants, columns, positions, partitions. */
export interface RowStatements {
  readonly columns: readonly TableColumn[]
  readonly key: readonly TableColumn[]
  /** Tenants and keys. */
  readonly load: RowStatement
  /** Tenants, all columns, positions, partitions. */
  readonly upsert: RowStatement
  /** The same, for rows that are not there. */
  readonly insert: RowStatement
  /** Tenants, keys, positions, partitions. */
  readonly remove: RowStatement
  /** Tenants and keys: positions and partitions of the rows that are there. */
  readonly standing: RowStatement
}

const cached = new WeakMap<PhysicalTable['model'], Map<string, RowStatements>>()

export function rowStatements(schema: string, { name, model }: PhysicalTable): RowStatements {
  let byName = cached.get(model)
  if (byName === undefined) cached.set(model, (byName = new Map()))
  const relation = `${identifier(schema)}.${identifier(name)}`
  let statements = byName.get(relation)
  if (statements === undefined) {
    statements = build(
      relation,
      model.columns.map((column) => ({ model: column, codec: codecOf(column) })),
      model.key,
    )
    byName.set(relation, statements)
  }
  return statements
}

function build(relation: string, columns: readonly TableColumn[], keyNames: readonly string[]): RowStatements {
  const key = keyNames.flatMap((name) => columns.find(({ model }) => model.name === name) ?? [])
  const names = columns.map(({ model }) => model.name)
  const all = identifiers([tenantColumn, ...names, positionColumn, partitionColumn])
  const keyTypes = ['text', ...key.map(({ codec }) => codec.type)]
  const rowTypes = ['text', ...columns.map(({ codec }) => codec.type), 'bigint', 'smallint']
  const given = `k(t, ${key.map((_, i) => `k${i}`).join(', ')}`
  const isGiven = (alias: string) =>
    [`${alias}.${tenantColumn} = k.t`, ...key.map(({ model }, i) => `${alias}.${identifier(model.name)} = k.k${i}`)].join(' and ')
  // The limits keep these look-ups, whatever the statistics say: one descent of the key's index for each row.
  const lookUp = (what: string) => `cross join lateral (select ${what} from ${relation} x where ${isGiven('x')} limit 1) x`
  const changed = [...names.filter((name) => !keyNames.includes(name)), positionColumn]
  return {
    columns,
    key,
    load: statementOf([
      `select k.i::int as i, x.* from unnest(`,
      ...arrays(keyTypes),
      `) with ordinality ${given}, i) ${lookUp(
        [`x.${positionColumn}::text as p`, ...columns.map(({ codec }, i) => `${codec.select('x')} as c${i}`)].join(', '),
      )}`,
    ]),
    upsert: statementOf([
      `insert into ${relation} as t (${all}) select * from unnest(`,
      ...arrays(rowTypes),
      `) on conflict (${identifiers([tenantColumn, ...keyNames])}) do update set ` +
        changed.map((name) => `${identifier(name)} = excluded.${identifier(name)}`).join(', ') +
        ` where t.${positionColumn} < excluded.${positionColumn} and t.${partitionColumn} = excluded.${partitionColumn}`,
    ]),
    insert: statementOf([`insert into ${relation} (${all}) select * from unnest(`, ...arrays(rowTypes), ')']),
    remove: statementOf([
      `delete from ${relation} t where t.ctid = any (array(select x.ctid from unnest(`,
      ...arrays([...keyTypes, 'bigint', 'smallint']),
      `) ${given}, p, q) cross join lateral (select x.ctid, x.${positionColumn} as p, x.${partitionColumn} as q from ${relation} x where ${isGiven('x')} limit 1) x
        where x.p < k.p and x.q = k.q))`,
    ]),
    standing: statementOf([
      `select k.i::int as i, x.p, x.q from unnest(`,
      ...arrays(keyTypes),
      `) with ordinality ${given}, i) ${lookUp(`x.${positionColumn}::text as p, x.${partitionColumn}::int as q`)}`,
    ]),
  }
}

/** The texts around `n` parameters, each cast to an array of its type. */
function arrays(types: readonly string[]): readonly string[] {
  return types.map((type, i) => (i === types.length - 1 ? `::${type}[]` : `::${type}[], `))
}

function statementOf(texts: readonly string[]): RowStatement {
  const [first = '', ...rest] = texts
  const last = rest.at(-1) ?? ''
  const joined = rest.slice(0, -2).concat(`${rest.at(-2) ?? ''}${last}`)
  const raw = Object.freeze([first, ...joined])
  // What a template literal hands to its tag; slonik looks at `raw` and at its being frozen.
  const parts: TemplateStringsArray = Object.freeze(Object.assign([...raw], { raw }))
  const hash = createHash('sha256').update(raw.join('$')).digest('hex').slice(0, 24)
  return { parts, name: `cairn_rows_${hash}` }
}
