import type { PhysicalTable } from '@cairn/core'
import { codecOf } from './column-codec.ts'
import { tenantColumn } from './hidden-columns.ts'
import type { OwnerSession } from './owner-session.ts'
import { identifier } from './quote.ts'

export interface TableDigest {
  readonly table: string
  readonly rows: number
  readonly hash: string
}

/**
 * Counts a table's rows and adds up two hashes of each, so that the order does not matter. Over the tenant and the declared
 * columns, as text that no setting changes.
 */
export async function digestTable(
  session: OwnerSession,
  { name, model }: PhysicalTable,
  tenantId: string | undefined,
): Promise<TableDigest> {
  const values = [`x.${tenantColumn}`, ...model.columns.map((column) => codecOf(column).select('x'))].join(', ')
  const [found] = await session.query<{ rows: string; a: string; b: string }>(
    `select count(*)::text as rows, coalesce(sum(hashtextextended(row, 0)), 0)::text as a, coalesce(sum(hashtextextended(row, 1)), 0)::text as b
       from (select jsonb_build_array(${values})::text as row from ${identifier(name)} x where $1::text is null or x.${tenantColumn} = $1) r`,
    [tenantId ?? null],
  )
  return { table: model.name, rows: Number(found?.rows ?? 0), hash: hex(found?.a) + hex(found?.b) }
}

/** The low 64 bits of a sum. */
function hex(sum: string | undefined): string {
  return BigInt.asUintN(64, BigInt(sum ?? '0'))
    .toString(16)
    .padStart(16, '0')
}
