import { openPg, PgChangeLog, PgHints, PgSubscriptionStore, watchTable, type PgDatabase, type WatchOptions } from '@cairn/infra/pg'
import { afterAll } from 'vitest'
import type { Parcel, PumpRig } from '../../support/pumps/pump-behaviours.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'

export interface PumpDatabase {
  readonly database: TestFileDatabase
  /** Another process, as far as it can tell. */
  open(options?: { readonly url?: string; readonly listenUrl?: string }): Promise<PgDatabase>
  rig(db?: PgDatabase): Promise<PumpRig>
}

/** A database with a watched table `public.parcels` that belongs to no part of Cairn. */
export async function pumpDatabase(watch: Partial<WatchOptions> = {}): Promise<PumpDatabase> {
  const database = await testDatabase()
  const { url, appUrl, workerUrl, contextKey, schema } = database
  await queryOnce(url, 'create table public.parcels (id text primary key, tenant_id text, status text, weight numeric)')
  await watchTable({ url, schema: 'public', table: 'parcels', cairnSchema: schema, ...watch })
  const opened: PgDatabase[] = []
  afterAll(async () => void (await Promise.all(opened.map((db) => db.close()))))
  const open = async (options: { readonly url?: string; readonly listenUrl?: string } = {}): Promise<PgDatabase> => {
    const db = await openPg({ url: appUrl, workerUrl: options.url ?? workerUrl, listenUrl: options.listenUrl ?? url, contextKey, schema })
    opened.push(db)
    return db
  }
  return {
    database,
    open,
    async rig(db) {
      const used = db ?? (await open())
      return {
        schema: 'public',
        changes: new PgChangeLog(used),
        store: new PgSubscriptionStore(used),
        hints: { listen: () => () => undefined, close: async () => undefined },
        insert: (...parcels) => insertParcels(url, parcels),
        setStatus: async (id, status) => void (await queryOnce(url, 'update public.parcels set status = $2 where id = $1', [id, status])),
        remove: async (id) => void (await queryOnce(url, 'delete from public.parcels where id = $1', [id])),
      }
    },
  }
}

export async function insertParcels(url: string, parcels: readonly Parcel[]): Promise<void> {
  await queryOnce(url, 'insert into public.parcels select * from json_populate_recordset(null::public.parcels, $1)', [
    JSON.stringify(parcels),
  ])
}

export function hintsOf(db: PgDatabase): PgHints {
  return new PgHints(db)
}
