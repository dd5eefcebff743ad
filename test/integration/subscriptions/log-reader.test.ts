import { migrate, PgEventStore, PgLogReader } from '@cairn/infra/pg'
import { logReaderContract, type LogReaderFixture } from '@cairn/testing/contracts'
import { backgrounds, type Backgrounds } from './pg-subscription-stores.ts'

async function readers({ open }: Backgrounds, window?: number): Promise<LogReaderFixture> {
  const db = await open()
  const store = new PgEventStore(db)
  const cleanup = async (): Promise<void> => {
    await store.drained()
    await db.close()
  }
  return { store, reader: new PgLogReader(db, { window }), cleanup }
}

const plain = await backgrounds()
logReaderContract('PgLogReader', () => readers(plain))

// A case appends some ten events: this window is smaller.
const narrow = await backgrounds()
logReaderContract('PgLogReader with a narrow window', () => readers(narrow, 2))

const indexed = await backgrounds()
logReaderContract('PgLogReader with the index by type', async () => {
  await migrate({ url: indexed.database.url, schema: indexed.database.schema, indexes: ['events-by-type'] })
  return readers(indexed, 2)
})
