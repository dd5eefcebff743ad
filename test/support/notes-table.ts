import type { PhysicalTable, SubscriptionTransaction } from '@cairn/core'

/** A read model of one column: what the effects of a test's transactions are written to. */
export const notesTable: PhysicalTable = {
  name: 'notes__v1_g1',
  model: {
    name: 'notes',
    columns: [{ name: 'note', kind: 'text', nullable: false, default: undefined }],
    key: ['note'],
    indexes: [],
    readAccess: undefined,
  },
}

export function writeNote(tx: SubscriptionTransaction, note: string): Promise<void> {
  const row = { tenantId: 'tenant-1', key: [note], values: { note }, position: 1, partition: 0 }
  return tx.rows.write(notesTable, { upserts: [row], deletes: [] })
}
