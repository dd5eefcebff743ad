import { openPg, PgSubscriptionStore, sql, type PgDatabase, type PgOptions, type PgSubscriptionTransaction } from '@cairn/infra/pg'
import type { SubscriptionStoreFixture } from '@cairn/testing/contracts'
import type { SubscriptionTransaction } from '@cairn/core'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'

export interface Backgrounds {
  readonly database: TestFileDatabase
  /** Another process, as far as it can tell. */
  open(options?: Partial<PgOptions>): Promise<PgDatabase>
  readonly effects: SubscriptionStoreFixture['effects']
}

/** A database of the file's own, with a table that background transactions may write to. */
export async function backgrounds(): Promise<Backgrounds> {
  const database = await testDatabase()
  const { url, appUrl, workerUrl, contextKey, schema } = database
  await queryOnce(url, 'create table public.notes (note text)')
  await queryOnce(url, `grant insert on public.notes to ${schema}_worker`)
  return {
    database,
    open: (options) => openPg({ url: appUrl, workerUrl, listenUrl: url, contextKey, schema, ...options }),
    effects: {
      write: async (tx, note) => {
        await connectionOf(tx).query(sql.unsafe`insert into public.notes (note) values (${note})`)
      },
      written: async () => (await queryOnce<{ note: string }>(url, 'select note from public.notes')).map(({ note }) => note),
    },
  }
}

function connectionOf(tx: SubscriptionTransaction): PgSubscriptionTransaction['connection'] {
  if (isPgTransaction(tx)) return tx.connection
  throw new TypeError('This transaction is not one of PostgreSQL.')
}

function isPgTransaction(tx: SubscriptionTransaction): tx is PgSubscriptionTransaction {
  return 'connection' in tx
}

export async function pgSubscriptionStores(): Promise<() => Promise<SubscriptionStoreFixture>> {
  const { open, effects } = await backgrounds()
  return async () => {
    const databases = [await open(), await open()] as const
    const cleanup = async (): Promise<void> => void (await Promise.all(databases.map((db) => db.close())))
    return { store: new PgSubscriptionStore(databases[0]), rival: new PgSubscriptionStore(databases[1]), effects, cleanup }
  }
}
