import { openPg, PgEventStore, type PgDatabase, type PgOptions } from '@cairn/infra/pg'
import type { CheckDatabase } from './check-database.ts'

export interface OpenStore {
  readonly store: PgEventStore
  readonly db: PgDatabase
}

export interface Stores {
  readonly all: readonly OpenStore[]
  /** The i-th, counted round and round. */
  at(i: number): PgEventStore
  close(): Promise<void>
}

/** Stores that know nothing of each other, as so many processes would have them: each with its own pools and its own batches. */
export async function openStores(database: CheckDatabase, count: number, options: Partial<PgOptions> = {}): Promise<Stores> {
  const { appUrl: url, workerUrl, contextKey, schema } = database
  const all: OpenStore[] = []
  const close = async (): Promise<void> => {
    await Promise.all(all.map(({ store }) => store.drained()))
    await Promise.all(all.map(({ db }) => db.close()))
  }
  try {
    for (let i = 0; i < count; i++) {
      const db = await openPg({ url, workerUrl, contextKey, schema, ...options })
      all.push({ db, store: new PgEventStore(db) })
    }
  } catch (error) {
    await close()
    throw error
  }
  const at = (i: number): PgEventStore => {
    const found = all[i % all.length]
    if (found === undefined) throw new RangeError('No store is open.')
    return found.store
  }
  return { all, at, close }
}
