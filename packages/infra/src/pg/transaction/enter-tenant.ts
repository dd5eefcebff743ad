import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import type { SignedContext } from '../connection/context-signer.ts'
import { sql } from '../connection/sql.ts'

const Entered = z.object({ entered: z.string() })

/** Opens a transaction's tenant to row-level security, and bounds how long it may sit idle with its locks. All of it ends with the transaction. */
export async function enterTenant(
  connection: DatabaseTransactionConnection,
  schema: string,
  context: SignedContext,
  idleMs: number,
): Promise<void> {
  await connection.one(sql.type(Entered)`
    select ${sql.identifier([schema])}.enter_context(${context.text}, ${context.signature})::text as entered,
           set_config('idle_in_transaction_session_timeout', ${String(idleMs)}, true) as idle`)
}
