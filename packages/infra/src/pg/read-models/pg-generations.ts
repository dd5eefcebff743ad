import type { Generation, ProjectionStorePort } from '@cairn/core'
import { z } from 'zod'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { rawTemplate } from '../transaction/raw-template.ts'
import { publicGenerationColumns, toGeneration, type GenerationRow } from './generation-rows.ts'
import { identifier } from './quote.ts'

const Row = z.custom<GenerationRow>()

/** Which generations there are, as the application's login reads it. */
export class PgGenerations implements Pick<ProjectionStorePort, 'generations'> {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  async generations(projection?: string): Promise<readonly Generation[]> {
    const { pools, gates, schema, options } = this.#db
    const parts = rawTemplate([
      `select ${publicGenerationColumns} from ${identifier(schema)}.generations where `,
      '::text is null or projection = ',
      ' order by projection, generation',
    ])
    const wanted = projection ?? null
    const rows = await retryWhileUnavailable('reading the generations', options.retryForMs, () =>
      gates.read.run(() => pools.read.any(sql.type(Row)(parts, wanted, wanted))),
    )
    return rows.map(toGeneration)
  }
}
