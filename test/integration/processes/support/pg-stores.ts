import {
  openPg,
  PgCommandStore,
  PgDueCommands,
  PgEventStore,
  PgHints,
  PgLogReader,
  PgPendingCommands,
  PgProcessStore,
  PgSubscriptionStore,
  type PgDatabase,
} from '@cairn/infra/pg'
import { afterAll } from 'vitest'
import type { ProcessStores } from '../../../support/process-rig.ts'
import { queryOnce } from '../../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../../support/test-database.ts'

export interface PgStores extends ProcessStores {
  readonly db: PgDatabase
  readonly store: PgEventStore
  readonly pending: PgPendingCommands
}

/** A database of the file's own, and stores over it: each call of `open` is another process, as far as the database can tell. */
export async function pgStores(): Promise<{
  readonly database: TestFileDatabase
  open(options?: { readonly maxPayloadBytes?: number }): Promise<PgStores>
}> {
  const database = await testDatabase()
  const { url, appUrl, workerUrl, contextKey, schema } = database
  const closes: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const close of closes) await close()
  })
  return {
    database,
    async open(options = {}) {
      const db = await openPg({ url: appUrl, workerUrl, listenUrl: url, contextKey, schema, ...options })
      const store = new PgEventStore(db)
      const hints = new PgHints(db)
      closes.push(async () => {
        await hints.close()
        await store.drained()
        await db.close()
      })
      return {
        db,
        store,
        commands: new PgCommandStore(db),
        due: new PgDueCommands(db),
        pending: new PgPendingCommands(db),
        instances: new PgProcessStore(db),
        reader: new PgLogReader(db),
        hints,
        subscriptions: (faults) => new PgSubscriptionStore(db, { faults }),
        async insert({ tenantId, type, payload }) {
          const [row] = await queryOnce<{ id: string }>(
            url,
            `insert into ${schema}.commands (tenant_id, type, payload) values ($1, $2, $3) returning id`,
            [tenantId, type, payload === undefined ? null : JSON.stringify(payload)],
          )
          return row?.id ?? ''
        },
      }
    },
  }
}
