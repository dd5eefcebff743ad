import { PooledRowStore } from '@cairn/infra/pg'
import { rowStoreContract } from '@cairn/testing/contracts'
import { projections } from './support/projections.ts'

const { db, make } = await projections()

rowStoreContract('PooledRowStore', async () => ({ store: new PooledRowStore(db), make, cleanup: async () => undefined }))
