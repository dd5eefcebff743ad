import { noFaults, silentLogger, type FaultHook, type ProjectionDefinition, type Registry } from '@cairn/core'
import { openPg, PgHints, PgLogReader, PgProjectionStore, PgSubscriptionStore, PooledRowStore, type PgDatabase } from '@cairn/infra/pg'
import type { ProjectionHost } from '@cairn/projections'

export interface HostDatabase {
  /** May become the owner. */
  readonly url: string
  readonly appUrl: string
  readonly workerUrl: string
  readonly schema: string
  readonly contextKey: string
}

export interface PgProjectionHost extends ProjectionHost {
  readonly db: PgDatabase
  readonly subscriptions: PgSubscriptionStore
  readonly store: PgProjectionStore
}

/** A host over PostgreSQL, as an app of these projections would open it. @param registry lifts events and knows their types @default nothing is lifted */
export async function openPgHost(
  database: HostDatabase,
  projections: readonly ProjectionDefinition[],
  faults: FaultHook = noFaults,
  registry?: Registry,
): Promise<PgProjectionHost> {
  const { url, appUrl, workerUrl, schema, contextKey } = database
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  return {
    db,
    projections,
    reader: new PgLogReader(db),
    subscriptions: new PgSubscriptionStore(db, { faults }),
    store: new PgProjectionStore({ url, schema, faults }),
    rows: new PooledRowStore(db),
    lift: (event) => registry?.upcast(event) ?? event,
    knows: (type) => registry?.hasEvent(type) ?? true,
    hints: new PgHints(db),
    logger: silentLogger,
    faults,
    close: () => db.close(),
  }
}
