import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { byteaArray, plainArray, textArray } from '../connection/array-literal.ts'
import type { ContextSigner } from '../connection/context-signer.ts'
import { sql } from '../connection/sql.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { encodeExpected, outcomeOf, type AppendEntry, type AppendOutcome } from './append-entry.ts'

const Answer = z.object({
  outcome: z.int(),
  version: z.int().nullable(),
  positions: z.array(z.int()).nullable(),
  recorded_at: z.number(),
})

/**
 * One call of append_one.
 * @param waitMs how long to wait for a stream that somebody else holds; 0 answers busy at once
 */
export async function appendOne(
  connection: Pick<CommonQueryMethods, 'one'>,
  schema: string,
  signer: ContextSigner,
  entry: AppendEntry,
  waitMs: number,
  mode: StatementMode = 'prepared',
): Promise<AppendOutcome> {
  const { stream, receipts, events, snapshot } = entry
  const context = signer.sign([stream.tenantId])
  const answer = await connection.one(statement(mode, `${schema}_append_one`, Answer)`
    select outcome, version, positions, recorded_at from ${sql.identifier([schema])}.append_one(
      ${context.text}, ${context.signature},
      ${stream.tenantId}, ${stream.aggregateType}, ${stream.aggregateId}, ${encodeExpected(entry.expected)}, ${waitMs},
      ${plainArray(receipts.map((x) => x.id))}, ${byteaArray(receipts.map((x) => x.hash))}, ${plainArray(receipts.map((x) => x.offset))},
      ${plainArray(receipts.map((x) => x.count))}, ${textArray(receipts.map((x) => x.audit))},
      ${plainArray(events.map((x) => x.id))}, ${textArray(events.map((x) => x.type))}, ${textArray(events.map((x) => x.payload))},
      ${textArray(events.map((x) => x.metadata))},
      ${snapshot?.version ?? null}, ${snapshot?.schemaVersion ?? null}, ${snapshot?.state ?? null}
    )`)
  return outcomeOf(answer.outcome, answer.version ?? 0, answer.positions ?? [], answer.recorded_at)
}
