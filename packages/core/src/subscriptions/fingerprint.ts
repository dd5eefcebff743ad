import { hash } from 'node:crypto'
import { canonicalJson } from '../ids/canonical-json.ts'
import type { TableModel } from '../read-models/table-model.ts'

/** What two processes must agree on to read the log for one subscription. */
export interface FingerprintParts {
  readonly version: number
  /** Full event types, in any order; '*' is every type. */
  readonly types: readonly string[] | '*'
  /** How the partition key was declared: 'none', 'stream', 'row', 'custom'. */
  readonly partitionBy: string
  readonly partitions: number
  /** The tables of a projection, in any order. Indexes and read access can change without a new version. */
  readonly tables?: readonly TableModel[] | undefined
}

/** SHA-256 of a subscription's definition, in lower-case hex. */
export function fingerprintOf({ version, types, partitionBy, partitions, tables = [] }: FingerprintParts): string {
  const definition = {
    version,
    types: types === '*' ? '*' : [...new Set(types)].toSorted(),
    partitionBy,
    partitions,
    tables: tables.map(shapeOf).toSorted(byName),
  }
  return hash('sha256', canonicalJson(definition), 'hex')
}

function shapeOf({ name, columns, key }: TableModel): {
  readonly name: string
  readonly columns: unknown
  readonly key: readonly string[]
} {
  return { name, key, columns: columns.toSorted(byName) }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
