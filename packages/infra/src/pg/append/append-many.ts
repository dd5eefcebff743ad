import type { CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { byteaArray, jsonTexts, plainArray, textArray } from '../connection/array-literal.ts'
import type { ContextSigner } from '../connection/context-signer.ts'
import { FunctionCall } from '../connection/statement.ts'
import { outcomeOf, type AppendEntry, type AppendOutcome } from './append-entry.ts'
import { BatchColumns } from './batch-columns.ts'

const Answer = z.object({
  outcome: z.array(z.int()),
  version: z.array(z.int().nullable()),
  positions: z.array(z.int().nullable()).nullable(),
  recorded_at: z.number(),
})

const call = new FunctionCall('append_many', ['outcome', 'version', 'positions', 'recorded_at'], 26, Answer)

/** One call of append_many: entries of different streams, none of them sharing a command id. Outcomes in the same order. */
export async function appendMany(
  connection: Pick<CommonQueryMethods, 'one'>,
  schema: string,
  signer: ContextSigner,
  unsorted: readonly AppendEntry[],
  careful: boolean,
): Promise<readonly AppendOutcome[]> {
  // Key order: two processes that create the same streams wait for each other in one direction only.
  const order = unsorted.map((_, i) => i).toSorted((a, b) => compare(unsorted[a]?.key, unsorted[b]?.key))
  const columns = new BatchColumns()
  for (const index of order) {
    const entry = unsorted[index]
    if (entry !== undefined) columns.add(entry)
  }
  const { append: p, receipt: r, event: e, snapshot: s } = columns
  const context = signer.sign(columns.tenants)
  const answer = await connection.one(
    call.with(schema, 'prepared', [
      context.text,
      context.signature,
      plainArray(p.tenant),
      textArray(p.type),
      textArray(p.id),
      plainArray(p.expected),
      plainArray(p.count),
      careful,
      plainArray(r.append),
      plainArray(r.id),
      byteaArray(r.hash),
      plainArray(r.offset),
      plainArray(r.count),
      plainArray(r.last),
      textArray(r.audit),
      plainArray(e.append),
      plainArray(e.ordinal),
      plainArray(e.id),
      textArray(e.type),
      jsonTexts(e.payload),
      plainArray(e.metadata),
      jsonTexts(columns.metadata),
      plainArray(s.append),
      plainArray(s.version),
      plainArray(s.schema),
      textArray(s.state),
    ]),
  )

  const outcomes: AppendOutcome[] = []
  for (const [place, index] of order.entries()) {
    const start = columns.firstEvent[place] ?? 0
    const count = p.count[place] ?? 0
    const positions = answer.positions?.slice(start, start + count).filter((position) => position !== null) ?? []
    outcomes[index] = outcomeOf(answer.outcome[place] ?? 0, answer.version[place] ?? 0, positions, answer.recorded_at)
  }
  return outcomes
}

function compare(a: string | undefined, b: string | undefined): number {
  return a === b || a === undefined || b === undefined ? 0 : a < b ? -1 : 1
}
