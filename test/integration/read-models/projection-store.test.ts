import type { RowValues } from '@cairn/core'
import { PgProjectionStore, PooledRowStore } from '@cairn/infra/pg'
import { projectionStoreContract } from '@cairn/testing/contracts'
import { projections } from './support/projections.ts'

const { database, db, store, moveTo, ask } = await projections()
const { url, schema } = database

projectionStoreContract('PgProjectionStore', async () => ({
  store,
  rival: new PgProjectionStore({ url, schema }),
  rows: new PooledRowStore(db),
  moveTo,
  visible: async (table) => {
    const [there] = await ask('select to_regclass($1) is not null as there', [`${schema}.${table}`])
    return there?.['there'] === true ? ask(`select * from ${schema}.${table}`) : undefined
  },
  feeding: async ({ projection, generation }) => {
    const rows: readonly RowValues[] = await ask(
      `select state from ${schema}.subscription_partitions where name = $1 and generation = $2 order by partition`,
      [projection, generation],
    )
    return rows.map(({ state }) => String(state))
  },
  cleanup: async () => undefined,
}))
