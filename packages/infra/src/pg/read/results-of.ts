import { CommandIdReusedError, type AppendResult, type StreamKey } from '@cairn/core'
import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { plainArray } from '../connection/array-literal.ts'
import type { ContextSigner } from '../connection/context-signer.ts'
import { sql } from '../connection/sql.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { parseEvents } from './event-row.ts'

const Row = z.object({
  id: z.string(),
  hash: z.string(),
  took_effect: z.boolean(),
  aggregate_type: z.string(),
  aggregate_id: z.string(),
  version: z.int().nullable(),
  position: z.int().nullable(),
  events: z.string().nullable(),
})

/** What receipts led to, in the order asked for; undefined where none took effect. @throws CommandIdReusedError */
export async function resultsOf(
  connection: Pick<CommonQueryMethods, 'any'>,
  schema: string,
  signer: ContextSigner,
  tenantId: string,
  receipts: readonly { readonly id: string; readonly hash: string }[],
  mode: StatementMode = 'prepared',
): Promise<readonly (AppendResult | undefined)[]> {
  const context = signer.sign([tenantId])
  const rows = await connection.any(statement(mode, `${schema}_results_of`, Row)`
    select id, hash, took_effect, aggregate_type, aggregate_id, version, position, events
      from ${sql.identifier([schema])}.results_of(${context.text}, ${context.signature}, ${tenantId}, ${plainArray(receipts.map((r) => r.id))})`)
  return receipts.map((receipt) => {
    const row = rows.find((candidate) => candidate.id === receipt.id.toLowerCase())
    if (row === undefined) return undefined
    if (row.hash !== receipt.hash) throw new CommandIdReusedError(tenantId, receipt.id)
    if (!row.took_effect) return undefined
    const stream: StreamKey = { tenantId, aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }
    return { stream, events: parseEvents(row.events), version: row.version ?? 0, position: row.position ?? 0, duplicate: true }
  })
}
