import type { RowKey, RowValues, RowWrites, StoredRow } from '@cairn/core'

type Upsert = RowWrites['upserts'][number]
type Delete = RowWrites['deletes'][number]

/** A row of `counters`. */
export function counter(tenantId: string, id: string, count: number, position: number, partition = 0): Upsert {
  return { tenantId, key: [id], values: { id, count, note: null }, position, partition }
}

export function counterKey(tenantId: string, id: string): RowKey {
  return { tenantId, key: [id] }
}

export function removal(tenantId: string, id: string, position: number, partition = 0): Delete {
  return { tenantId, key: [id], position, partition }
}

export function upserting(...upserts: readonly Upsert[]): RowWrites {
  return { upserts, deletes: [] }
}

export function deleting(...deletes: readonly Delete[]): RowWrites {
  return { upserts: [], deletes }
}

/** Of what `load` answered: count and position, undefined where there is no row. */
export function standing(rows: readonly (StoredRow | undefined)[]): readonly ({ count: unknown; position: number } | undefined)[] {
  return rows.map((row) => (row === undefined ? undefined : { count: countOf(row.values), position: row.position }))
}

function countOf(values: RowValues): unknown {
  return values['count']
}
