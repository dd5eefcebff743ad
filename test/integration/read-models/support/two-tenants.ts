import type { Generation, RowWrites, TableModel } from '@cairn/core'
import { PooledRowStore, sql, withTenant, type PgDatabase } from '@cairn/infra/pg'
import { z } from 'zod'
import { alpha, bravo, markOf, type SignedContext } from '../../tenancy/support/two-tenants.ts'
import { column, tableModel } from './models.ts'

/** Read by everybody of the tenant, and with rows of every role. */
export const open: TableModel = tableModel('open_notes', [column('id', 'text'), column('owner', 'text'), column('note', 'json')], ['id'], {
  indexes: [['owner']],
  readAccess: { '*': { rule: { rows: 'all' }, hidden: [] } },
})

/** Staff reads all, members their own. */
export const guarded: TableModel = tableModel(
  'guarded_notes',
  [column('id', 'text'), column('owner', 'text'), column('note', 'json')],
  ['id'],
  {
    readAccess: { staff: { rule: { rows: 'all' }, hidden: [] }, member: { rule: { rows: 'own', column: 'owner' }, hidden: [] } },
  },
)

/** Read by nobody. */
export const sealed: TableModel = tableModel(
  'sealed_notes',
  [column('id', 'text'), column('owner', 'text'), column('note', 'json')],
  ['id'],
)

/** Rows of both tenants in every table of a generation: one of ann's, one of bob's. */
export async function seedNotes(db: PgDatabase, { tables }: Generation): Promise<void> {
  const rows = new PooledRowStore(db)
  for (const table of tables) {
    const upserts: RowWrites['upserts'] = [alpha, bravo].flatMap((tenantId) => {
      const mark = markOf(tenantId)
      return ['ann', 'bob'].map((owner) => {
        const id = `${mark}-${owner}`
        return { tenantId, key: [id], values: { id, owner, note: { mark } }, position: 10, partition: 0 }
      })
    })
    await rows.write(table, { upserts, deletes: [] })
  }
}

const Captured = z.object({ context: z.string(), signature: z.string() })

/** A signed context as the tenant's own SQL can read it. */
export function capturedContext(
  db: PgDatabase,
  tenantId: string,
  actor: { readonly role?: string; readonly userId?: string } = {},
): Promise<SignedContext> {
  return withTenant(
    db,
    tenantId,
    (connection) =>
      connection.one(
        sql.type(Captured)`select current_setting('cairn.context') as context, current_setting('cairn.signature') as signature`,
      ),
    actor,
  )
}
