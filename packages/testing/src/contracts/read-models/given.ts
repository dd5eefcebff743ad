import type { Reader, RowValues } from '@cairn/core'
import type { ReadModelContext } from './context.ts'

export const order = (id: string, more: RowValues = {}): RowValues => ({
  id,
  customer: 'ann',
  total: 10,
  margin: null,
  placed_at: '2026-01-01T00:00:00.000Z',
  due: null,
  lines: [],
  open: true,
  ...more,
})

export async function givenOrders(
  { rows, orders, tenantId }: ReadModelContext,
  values: readonly RowValues[],
  tenant = tenantId,
): Promise<void> {
  const upserts = values.map((row) => ({ tenantId: tenant, key: [String(row['id'])], values: row, position: 10, partition: 0 }))
  await rows.write(orders, { upserts, deletes: [] })
}

export const staffOf = ({ tenantId }: ReadModelContext): Reader => ({ tenantId, role: 'staff', userId: 'sam' })
export const customerOf = ({ tenantId }: ReadModelContext, userId: string): Reader => ({ tenantId, role: 'customer', userId })

export function idsOf(rows: readonly RowValues[]): readonly unknown[] {
  return rows.map(({ id }) => id)
}
