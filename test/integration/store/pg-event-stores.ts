import { openPg, PgEventStore } from '@cairn/infra/pg'
import type { EventStoreFixture } from '@cairn/testing/contracts'
import { testDatabase } from '../../support/test-database.ts'

/** A database of the file's own, and two stores that know nothing of each other, as two processes would have them. */
export async function pgEventStores(): Promise<
  () => Promise<EventStoreFixture & { readonly store: PgEventStore; readonly rival: PgEventStore }>
> {
  const { appUrl: url, workerUrl, contextKey, schema } = await testDatabase()
  return async () => {
    const databases = [await openPg({ url, workerUrl, contextKey, schema }), await openPg({ url, workerUrl, contextKey, schema })] as const
    const [store, rival] = [new PgEventStore(databases[0]), new PgEventStore(databases[1])]
    const cleanup = async (): Promise<void> => {
      await Promise.all([store.drained(), rival.drained()])
      await Promise.all(databases.map((database) => database.close()))
    }
    return { store, rival, cleanup }
  }
}
