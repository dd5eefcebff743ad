import type { SubscriptionTransaction } from '@cairn/core'
import { openPg, PgSubscriptionStore, sql, type PgDatabase, type PgOptions, type PgSubscriptionTransaction } from '@cairn/infra/pg'
import type { SubscriptionStoreFixture } from '@cairn/testing/contracts'
import { notesTable, writeNote } from '../../support/notes-table.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'

type Effects = SubscriptionStoreFixture['effects']

export interface Backgrounds {
  readonly database: TestFileDatabase
  /** Another process, as far as it can tell. */
  open(options?: Partial<PgOptions>): Promise<PgDatabase>
  /** Notes written by SQL of a handler's own. */
  readonly bySql: Effects
  /** Notes written as rows of a read model. */
  readonly asRows: Effects
}

/** A database of the file's own, with tables that background transactions may write to. */
export async function backgrounds(): Promise<Backgrounds> {
  const database = await testDatabase()
  const { url, appUrl, workerUrl, contextKey, schema } = database
  const rows = `${schema}.${notesTable.name}`
  await queryOnce(url, 'create table public.notes (note text)')
  await queryOnce(url, `grant insert on public.notes to ${schema}_worker`)
  await queryOnce(
    url,
    `create table ${rows} (tenant_id text, note text, last_position bigint, partition smallint, primary key (tenant_id, note))`,
  )
  await queryOnce(url, `grant select, insert, update, delete on ${rows} to ${schema}_worker`)
  const notesIn = async (table: string) => (await queryOnce<{ note: string }>(url, `select note from ${table}`)).map(({ note }) => note)
  return {
    database,
    open: (options) => openPg({ url: appUrl, workerUrl, listenUrl: url, contextKey, schema, ...options }),
    bySql: {
      write: async (tx, note) => {
        await connectionOf(tx).query(sql.unsafe`insert into public.notes (note) values (${note})`)
      },
      written: () => notesIn('public.notes'),
    },
    asRows: { write: writeNote, written: () => notesIn(rows) },
  }
}

export function connectionOf(tx: SubscriptionTransaction): PgSubscriptionTransaction['connection'] {
  if (isPgTransaction(tx)) return tx.connection
  throw new TypeError('This transaction is not one of PostgreSQL.')
}

function isPgTransaction(tx: SubscriptionTransaction): tx is PgSubscriptionTransaction {
  return 'connection' in tx
}

/** Two stores that know nothing of each other. */
export async function pgSubscriptionStores(effects: 'bySql' | 'asRows'): Promise<() => Promise<SubscriptionStoreFixture>> {
  const background = await backgrounds()
  return async () => {
    const databases = [await background.open(), await background.open()] as const
    const cleanup = async (): Promise<void> => void (await Promise.all(databases.map((db) => db.close())))
    return {
      store: new PgSubscriptionStore(databases[0]),
      rival: new PgSubscriptionStore(databases[1]),
      kind: effects === 'asRows' ? 'projection' : 'subscription',
      effects: background[effects],
      cleanup,
    }
  }
}
