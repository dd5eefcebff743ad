import { openPg, PgEventStore } from '@cairn/infra/pg'
import { eventStoreContract } from '@cairn/testing/contracts'
import { testDatabase } from '../../support/test-database.ts'
const { appUrl: url, workerUrl, schema, contextKey } = await testDatabase()
eventStoreContract('PgEventStore', async () => {
    const databases = [await openPg({ url, workerUrl, contextKey, schema }), await openPg({ url, workerUrl, contextKey,  schema})] as const
    const [store, rival] = [new PgEventStore(databases[0]), new PgEventStore(databases[1])]
    const cleanup = async (): Promise<void> => {
      await Promise.all([store.drained(), rival.drained()])
      await Promise.all(databases.map((database) => database.close()))
    }
    return { store, rival, cleanup }
})
