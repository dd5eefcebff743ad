import type { FaultHook, Generation, PhysicalTable, TableModel } from '@cairn/core'
import { openPg, PgProjectionStore, type PgDatabase } from '@cairn/infra/pg'
import { afterAll } from 'vitest'
import { queryOnce } from '../../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../../support/test-database.ts'
import { planOf } from './models.ts'

export interface Projections {
  readonly database: TestFileDatabase
  readonly db: PgDatabase
  readonly store: PgProjectionStore
  /** A store whose fault points call `faults`. */
  storeWith(faults: FaultHook): PgProjectionStore
  /** Makes a projection of this one table, visible at once. */
  make(model: TableModel): Promise<PhysicalTable>
  /** Runs a statement as superuser. */
  ask: typeof queryOnce extends (url: string, ...rest: infer R) => infer A ? (...rest: R) => A : never
  /** Moves a generation's checkpoints, as its subscription would. */
  moveTo(generation: Pick<Generation, 'projection' | 'generation'>, checkpoint: number): Promise<void>
}

let counted = 0

/** A database of the file's own with the stores on it. Call it at the top of the file. */
export async function projections(): Promise<Projections> {
  const database = await testDatabase()
  const { url, appUrl, workerUrl, schema, contextKey } = database
  const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  afterAll(() => db.close())
  const store = new PgProjectionStore({ url, schema })
  return {
    database,
    db,
    store,
    storeWith: (faults) => new PgProjectionStore({ url, schema, faults }),
    make: async (model) => {
      const { tables } = await store.ensure(planOf(`made-${++counted}`, [{ ...model, name: `${model.name}_${counted}` }]))
      const [table] = tables
      if (table === undefined) throw new TypeError('no table')
      return table
    },
    ask: (text, values) => queryOnce(url, text, values),
    moveTo: async ({ projection, generation }, checkpoint) => {
      await queryOnce(url, `update ${schema}.subscription_partitions set checkpoint = $3 where name = $1 and generation = $2`, [
        projection,
        generation,
        checkpoint,
      ])
    },
  }
}
