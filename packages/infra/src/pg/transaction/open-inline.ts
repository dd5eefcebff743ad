import { ProjectionNotBuiltError, type Generation, type InlineTarget } from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import type { PgDatabase } from '../connection/pg-database.ts'
import { sql } from '../connection/sql.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { publicGenerationColumns, toGeneration, type GenerationRow } from '../read-models/generation-rows.ts'
import { identifier } from '../read-models/quote.ts'
import { projectionLock } from './inline-locks.ts'
import { InlineRows } from './inline-rows.ts'
import { rawTemplate } from './raw-template.ts'

const Entered = z.object({ entered: z.string() })
const Live = z.object({ generation: z.int() })
const Row = z.custom<GenerationRow>()

/** Definitions of generations do not change, so each is read once. */
const known = new WeakMap<PgDatabase, Map<string, Generation>>()

/**
 * Opens an inline projection for the rest of an append's transaction: enters the context that its tables' policies ask for,
 * and holds the live generation where it is.
 * @throws ProjectionNotBuiltError when none is live
 */
export async function openInline(
  db: PgDatabase,
  connection: DatabaseTransactionConnection,
  tenantId: string,
  projection: string,
  mode: StatementMode,
): Promise<InlineTarget> {
  const { schema, signer, options } = db
  const context = signer.signInline(tenantId)
  await connection.one(statement(mode, `${schema}_open_inline`, Entered)`
    select ${sql.identifier([schema])}.enter_context(${context.text}, ${context.signature})::text as entered,
           set_config('lock_timeout', ${`${options.holdTimeoutMs}ms`}, true) as timeout,
           pg_advisory_xact_lock_shared(${projectionLock(schema, projection, 'switch')}::bigint)::text as switch,
           pg_advisory_xact_lock_shared(${projectionLock(schema, projection, 'bulk')}::bigint)::text as bulk`)
  // A statement of its own, behind the lock: whoever switched before us has committed.
  const live = await connection.maybeOne(statement(mode, `${schema}_live_generation`, Live)`
    select generation from ${sql.identifier([schema, 'generations'])} where projection = ${projection} and state = 'live'`)
  if (live === null) throw new ProjectionNotBuiltError(projection, 0)
  return {
    generation: await generationOf(db, connection, projection, live.generation),
    rows: new InlineRows(connection, schema, projection, mode),
  }
}

async function generationOf(
  db: PgDatabase,
  connection: DatabaseTransactionConnection,
  projection: string,
  generation: number,
): Promise<Generation> {
  let byKey = known.get(db)
  if (byKey === undefined) known.set(db, (byKey = new Map()))
  const key = `${projection}:${generation}`
  const found = byKey.get(key)
  if (found !== undefined) return found
  const parts = rawTemplate([
    `select ${publicGenerationColumns} from ${identifier(db.schema)}.generations where projection = `,
    ' and generation = ',
    '',
  ])
  const row = await connection.one(sql.type(Row)(parts, projection, generation))
  const read = toGeneration(row)
  byKey.set(key, read)
  return read
}
