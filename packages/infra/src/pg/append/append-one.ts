import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { byteaArray, jsonTexts, plainArray, textArray } from '../connection/array-literal.ts'
import type { ContextSigner } from '../connection/context-signer.ts'
import { FunctionCall, type StatementMode } from '../connection/statement.ts'
import { encodeExpected, outcomeOf, type AppendEntry, type AppendOutcome } from './append-entry.ts'

const Answer = z.object({
  outcome: z.int(),
  version: z.int().nullable(),
  positions: z.array(z.int()).nullable(),
  recorded_at: z.number(),
})

const call = new FunctionCall('append_one', ['outcome', 'version', 'positions', 'recorded_at'], 19, Answer)

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
  const answer = await connection.one(
    call.with(schema, mode, [
      context.text,
      context.signature,
      stream.tenantId,
      stream.aggregateType,
      stream.aggregateId,
      encodeExpected(entry.expected),
      waitMs,
      plainArray(receipts.map((x) => x.id)),
      byteaArray(receipts.map((x) => x.hash)),
      plainArray(receipts.map((x) => x.offset)),
      plainArray(receipts.map((x) => x.count)),
      textArray(receipts.map((x) => x.audit)),
      plainArray(events.map((x) => x.id)),
      textArray(events.map((x) => x.type)),
      jsonTexts(events.map((x) => x.payload)),
      jsonTexts(shared(events.map((x) => x.metadata))),
      snapshot?.version ?? null,
      snapshot?.schemaVersion ?? null,
      snapshot?.state ?? null,
    ]),
  )
  return outcomeOf(answer.outcome, answer.version ?? 0, answer.positions ?? [], answer.recorded_at)
}

/** One for all where they are equal, as the events of one command are. */
function shared(metadata: readonly string[]): readonly string[] {
  return metadata.every((text) => text === metadata[0]) ? metadata.slice(0, 1) : metadata
}
