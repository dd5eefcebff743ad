import type { HistoryApp } from '../import/history-app.ts'

export interface Stored {
  readonly events: readonly { readonly type: string; readonly count: number }[]
  readonly streams: readonly { readonly aggregateType: string; readonly streams: number; readonly longest: number }[]
}

/** What a tenant has in the tables: counted by the database, as the application role. */
export async function readStored(app: HistoryApp, tenantId: string): Promise<Stored> {
  const events = await app.events.countByType(tenantId)
  const rows = await app.withTenant(
    tenantId,
    (sql) => sql`
      select aggregate_type, count(*)::int as streams, max(version)::int as longest
        from cairn.streams where version > 0 group by 1 order by 2 desc, 1`,
  )
  return {
    events,
    streams: rows.map((row) => ({
      aggregateType: String(row['aggregate_type']),
      streams: Number(row['streams']),
      longest: Number(row['longest']),
    })),
  }
}

/** All of them. */
export function countOf(events: Stored['events']): number {
  return events.reduce((sum, { count }) => sum + count, 0)
}
