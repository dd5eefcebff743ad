import { sql } from '@cairn/infra/pg'
import { z } from 'zod'
import { idsOf, pause, wanted, type Wanted, type Writer, type WriterStep } from './writer.ts'

const TransactionId = z.object({ id: z.string() })

/** The work takes its time; the appends go last. */
export const transactionPaused: WriterStep = (writer) => inTransaction(writer, false)

/** The transaction gets its id long before it appends. A reader gated by transaction ids inverts streams on it. */
export const transactionEarlyId: WriterStep = (writer) => inTransaction(writer, true)

async function inTransaction(writer: Writer, takesId: boolean): Promise<number> {
  const { store, ledger } = writer
  const appends = wanted(writer, writer.random.between(1, 3))
  const tenantId = tenantOf(appends)
  await store.transaction(tenantId, async (tx) => {
    if (takesId) await tx.connection.one(sql.type(TransactionId)`select pg_current_xact_id()::text as id`)
    for (const { stream, events } of appends) tx.append({ stream, expected: 'any', events })
    await pause(writer)
  })
  ledger.commit(idsOf(appends))
  return idsOf(appends).length
}

function tenantOf(appends: readonly Wanted[]): string {
  const first = appends[0]
  if (first === undefined) throw new RangeError('A transaction wants at least one append.')
  return first.stream.tenantId
}
