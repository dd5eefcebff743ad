import type { Drift, PhysicalTable } from '@cairn/core'
import type { CatalogColumn, CatalogRelation } from './catalog.ts'
import { codecOf } from './column-codec.ts'
import { partitionColumn, positionColumn, tenantColumn } from './hidden-columns.ts'

/** A difference without the names of its projection and table. */
export type TableDrift = Omit<Drift, 'projection' | 'table'>

interface ExpectedColumn extends CatalogColumn {
  /** It can be added to rows that are there. */
  readonly addable: boolean
}

/** Columns, key and indexes of a physical table as its model wants them and as the catalog has them. */
export function compareTable({ name, model }: PhysicalTable, found: CatalogRelation | undefined): readonly TableDrift[] {
  if (found === undefined || found.kind !== 'table')
    return [{ kind: 'missing-table', expected: name, actual: found?.kind, remedy: 'rebuild' }]
  const expected: readonly ExpectedColumn[] = [
    { name: tenantColumn, type: 'text', nullable: false, addable: false },
    ...model.columns.map((column) => ({
      name: column.name,
      type: codecOf(column).type,
      nullable: column.nullable,
      addable: column.nullable || (column.default !== undefined && column.default !== null),
    })),
    { name: positionColumn, type: 'bigint', nullable: false, addable: false },
    { name: partitionColumn, type: 'smallint', nullable: false, addable: false },
  ]
  return [
    ...compareColumns(expected, found.columns),
    ...compareKey([tenantColumn, ...model.key], found.key),
    ...compareIndexes(model.indexes, found.indexes),
  ]
}

function compareColumns(expected: readonly ExpectedColumn[], found: readonly CatalogColumn[]): readonly TableDrift[] {
  const byName = new Map(found.map((column) => [column.name, column]))
  const drifts: TableDrift[] = []
  for (const want of expected) {
    const exact = byName.get(want.name)
    const other = exact === undefined ? found.find(({ name }) => isCaseOf(name, want.name) && byName.has(name)) : undefined
    const column = exact ?? other
    if (column === undefined) {
      const remedy = want.addable ? 'repair' : 'rebuild'
      drifts.push({ column: want.name, kind: 'missing-column', expected: describe(want), actual: undefined, remedy })
      continue
    }
    byName.delete(column.name)
    if (other !== undefined)
      drifts.push({ column: want.name, kind: 'column-case', expected: want.name, actual: other.name, remedy: 'rebuild' })
    if (column.type !== want.type)
      drifts.push({ column: want.name, kind: 'column-type', expected: want.type, actual: column.type, remedy: 'rebuild' })
    if (column.nullable !== want.nullable)
      drifts.push({
        column: want.name,
        kind: 'column-nullability',
        expected: nullability(want),
        actual: nullability(column),
        remedy: 'rebuild',
      })
  }
  for (const column of byName.values())
    drifts.push({ column: column.name, kind: 'extra-column', expected: undefined, actual: describe(column), remedy: 'rebuild' })
  return drifts
}

function isCaseOf(a: string, b: string): boolean {
  return a !== b && a.toLowerCase() === b.toLowerCase()
}

function describe(column: CatalogColumn): string {
  return `${column.type} ${nullability(column)}`
}

function nullability({ nullable }: Pick<CatalogColumn, 'nullable'>): string {
  return nullable ? 'null' : 'not null'
}

function compareKey(expected: readonly string[], found: readonly string[]): readonly TableDrift[] {
  const [want, have] = [expected.join(', '), found.join(', ')]
  return want === have ? [] : [{ kind: 'key', expected: want, actual: have === '' ? undefined : have, remedy: 'rebuild' }]
}

function compareIndexes(expected: readonly (readonly string[])[], found: readonly (readonly string[])[]): readonly TableDrift[] {
  const present = new Set(found.map((columns) => columns.join(', ')))
  return expected
    .map((columns) => [tenantColumn, ...columns].join(', '))
    .filter((columns) => !present.has(columns))
    .map((columns) => ({ kind: 'missing-index', expected: columns, actual: undefined, remedy: 'repair' }))
}
