import { openPg, PgCommandStore } from '@cairn/infra/pg'
import { commandStoreContract } from '@cairn/testing/contracts'
import { testDatabase } from '../../support/test-database.ts'

const { url, schema } = await testDatabase()

commandStoreContract('PgCommandStore', async () => {
  const [one, other] = [await openPg({ url, schema, roles: 'switch' }), await openPg({ url, schema, roles: 'switch' })]
  const cleanup = async (): Promise<void> => void (await Promise.all([one.close(), other.close()]))
  return { store: new PgCommandStore(one), rival: new PgCommandStore(other), cleanup }
})
